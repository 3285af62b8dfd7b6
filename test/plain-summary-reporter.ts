import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

/**
 * Prints the closing line `N passed, N failed, N skipped` that scripts and people read. Whatever makes the run fail counts: a test, a hook, a
 * module that does not load, an error that no test caught, a run without tests, checks that failed before (`MILLRACE_CHECKS_FAILED`).
 */
export default class PlainSummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    for (const module of modules) {
      let ran = 0;
      for (const test of module.children.allTests()) {
        ran += 1;
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped += 1;
      }
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      const moduleErrors = module.errors().length;
      if (moduleErrors > 0 || (ran === 0 && !module.ok())) failed += Math.max(1, moduleErrors);
    }
    if (reason !== 'passed' && failed === 0) failed = 1;
    if (modules.length === 0 && failed === 0) failed = 1;
    failed += Number(process.env.MILLRACE_CHECKS_FAILED ?? 0);
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    setImmediate(() => process.stdout.write(`\n${passed} passed, ${failed} failed${tail}\n`));
  }
}
