/**
 * The door to every command: `node local/bootstrap.mjs <command> [arguments]`. Plain JavaScript that Node 20 runs without any dependency.
 * It makes sure that dependencies (and, where the command needs it, the emulator's virtual environment) are there, then runs the
 * command on the project's own Node with stdio inherited, passes signals on and ends with the command's exit code.
 */
import { COMMANDS, usage } from './setup/commands.mjs';
import { dependenciesAreReady, installDependencies, projectNode } from './setup/dependencies.mjs';
import { runForeground } from './setup/foreground.mjs';
import { withSetupLock } from './setup/lock.mjs';
import { preparePython, pythonIsReady } from './setup/python.mjs';
import { diskFault, SetupError, say } from './setup/report.mjs';
import { SetupProcesses } from './setup/set-up-processes.mjs';

const OLDEST_NODE = 20;

/** @param {readonly string[]} argv */
async function main(argv) {
  const [name, ...rest] = argv;
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE)
    throw new SetupError(
      'NODE_TOO_OLD',
      `found=${process.versions.node} needed=>=${OLDEST_NODE}. Install a newer Node and run again.`,
    );
  const command = name === undefined ? undefined : COMMANDS[name];
  if (command === undefined) throw new SetupError('COMMAND_UNKNOWN', `command=${name ?? '(none)'}\n${usage()}`);
  await setUp(command);
  return command.run(
    (script, args) => runForeground(projectNode(), [script, ...args]),
    rest.filter((argument, index) => !(index === 0 && argument === '--')),
  );
}

/** @param {import('./setup/commands.mjs').Command} command */
async function setUp(command) {
  const needsPython = command.python && process.env.AWS_ENDPOINT_URL === undefined;
  const ready = () => dependenciesAreReady() && (!needsPython || pythonIsReady());
  if (ready()) return;
  const processes = new SetupProcesses();
  try {
    await withSetupLock(processes, async () => {
      if (!dependenciesAreReady()) await installDependencies(processes);
      if (needsPython && !pythonIsReady()) await preparePython(processes);
    });
  } finally {
    processes.release();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const fault = thrown instanceof SetupError ? thrown : diskFault(thrown);
  if (fault === null) throw thrown;
  say(fault.message);
  process.exitCode = fault.exitCode;
}
