import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync } from 'esbuild';
import type { FunctionName } from '../environments/environment-configuration.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What bundles of Lambdas have in common. The AWS SDK is bundled: the version that was tested runs, not the one of the day, and a smaller file starts sooner. */
const BUNDLE: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 200, // Node prints the line of an error that nobody caught.
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  // CommonJS packages inside an ES module still call `require`.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
};

/** Bundles one Lambda into `<folder>/handler.mjs`. Throws what esbuild found wrong. */
export function bundleFunction(name: FunctionName, folder: string): void {
  buildSync({ ...BUNDLE, entryPoints: [`functions/${name}/handler.ts`], outfile: `${folder}/handler.mjs` });
}

/**
 * The code of one Lambda as an asset. esbuild is called in this process (NodejsFunction would start npx for each function, a second each),
 * and never in a container. The asset is known by what the bundle holds, so that an unchanged function is not deployed again.
 */
export function functionCode(name: FunctionName): Code {
  return Code.fromAsset(`${ROOT}functions/${name}`, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('not-used'),
      local: {
        tryBundle(folder: string) {
          bundleFunction(name, folder);
          return true;
        },
      },
    },
  });
}
