/**
 * Loaded into a task before its program: when whoever runs the task is gone, however suddenly, the other end of standard input closes
 * and the task gets the SIGTERM that it would have been sent; one that does not end by then is killed.
 * Threads of the task load it too; only the main one has the standard input of the process.
 */
import { isMainThread } from 'node:worker_threads';

const stopTimeoutMs = Number(process.env.MILLRACE_TASK_STOP_TIMEOUT_MS ?? 30_000);

if (isMainThread) {
  process.stdin.on('close', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), stopTimeoutMs).unref();
  });
  process.stdin.on('error', () => process.stdin.destroy());
  process.stdin.resume();
  process.stdin.unref?.();
}
