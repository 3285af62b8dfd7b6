/*
 * What the container's health check runs: exit 0 where `/health` of this engine answers well, a standby included.
 * A program of its own, since the image has neither a shell to rely on nor curl.
 */

const TIMEOUT_MS = 4000;
const port = process.env.MILLRACE_HTTP_PORT ?? '8080';

try {
  const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) console.error(`HEALTH_BAD: status=${answer.status} ${(await answer.text()).slice(0, 500)}`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.error(`HEALTH_UNREACHABLE: port=${port} reason=${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
