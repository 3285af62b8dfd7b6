import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { decidingSources } from '#aws/deciding-sources.ts';

/*
 * Bundles the engine into a folder: `node containers/engine/bundle.ts <folder>`.
 * Workers are files of their own beside `main.mjs`, since a worker is started from a file.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the image holds, by the name of its file. */
export const ENGINE_ENTRY_POINTS: Readonly<Record<string, string>> = {
  main: 'containers/engine/main.ts',
  healthcheck: 'containers/engine/healthcheck.ts',
  'loop-watchdog-worker': 'containers/engine/loop-watchdog-worker.ts',
  'publisher-worker': 'src/aws/publisher/publisher-worker.ts',
};

/** Bundles every entry point into `folder`: the image's, or others that are to run as the image's do. Rejects with what esbuild found wrong. */
export async function bundleEngine(
  folder: string,
  entryPoints: Readonly<Record<string, string>> = ENGINE_ENTRY_POINTS,
): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { ...entryPoints },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    // What the input log says of this build: the sources themselves are not in the image.
    define: { 'process.env.MILLRACE_SOURCES': JSON.stringify(decidingSources(ROOT)) },
    // CommonJS packages inside an ES module still call `require`.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  });
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) {
    console.error('usage: node containers/engine/bundle.ts <folder>');
    process.exitCode = 2;
  } else await bundleEngine(folder);
}
