// A task that tells what it was given, serves its port, and does what its variables say.
import { createServer } from 'node:http';

console.log(
  JSON.stringify({ started: process.env.MILLRACE_ENGINE, environment: process.env, flags: process.execArgv }),
);
const server = createServer((_, response) => response.end('well')).listen(
  Number(process.env.MILLRACE_HTTP_PORT),
  '127.0.0.1',
);
process.on('SIGTERM', () => {
  console.log('told to stop');
  if (process.env.IGNORE_SIGTERM === '1') return;
  server.close(() => process.exit(0));
});
if (process.env.CRASH === '1') setTimeout(() => process.exit(3), 50);
