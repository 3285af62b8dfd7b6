/* The publishing thread, that hangs for good after 300 ms. */
await import('#aws/publisher/publisher-worker.ts');
setTimeout(() => {
  for (;;) Math.hypot(1, 1);
}, 300);
