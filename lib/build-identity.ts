import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Identity of the build, which is on every event: `MILLRACE_BUILD` where it is set, else version and commit,
 * with `-dirty` where the work tree differs from it; the version alone outside a repository.
 */
export function buildIdentity(variables: Readonly<Record<string, string | undefined>>): string {
  if (variables.MILLRACE_BUILD) return variables.MILLRACE_BUILD;
  const root = new URL('..', import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
  try {
    const commit = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return `${version}+${commit.trim()}`;
  } catch {
    return version; // Not a repository, or no git: an archive of the sources has only its version.
  }
}
