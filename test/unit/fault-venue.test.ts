import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { main } from '#simulation/fault-venue.ts';
import { parseFaultVenueArguments } from '#simulation/fault-venue-arguments.ts';
import { FAULT_COMMANDS, runFaultCommand } from '#simulation/protocol/fault-commands.ts';
import { createVenueFaults, ONE_SHOT_FAULTS } from '#simulation/protocol/venue-faults.ts';

/** Runs the program; ends when the test says so. */
function run(...argv: string[]) {
  const ending = new AbortController();
  const said: string[] = [];
  const complaints: string[] = [];
  const commands = new PassThrough();
  const code = main(argv, {
    say: (line) => said.push(line),
    complain: (line) => complaints.push(line),
    commands,
    signal: ending.signal,
  });
  return {
    said,
    complaints,
    commands,
    code,
    end: () => ending.abort(),
    async ready() {
      while (!said.includes('Ctrl-C ends it.')) {
        if (complaints.length > 0) throw new Error(complaints.join('\n'));
        await new Promise((done) => setTimeout(done, 2));
      }
    },
    value: (name: string) =>
      said.map((line) => new RegExp(`^ {2}${name} +(\\S+)$`).exec(line)?.[1]).find((each) => each !== undefined) ?? '',
  };
}

describe('fault-venue', () => {
  test.each([
    ['binance-usdm', '/fapi/v1/time', 'serverTime'],
    ['bybit-linear', '/v5/market/time', 'retCode'],
    ['bybit-spot', '/v5/market/time', 'retCode'],
    ['deribit', '/api/v2/public/get_time', 'result'],
  ])('%s: prints where it is and with which keys, serves, and ends when told', async (venue, path, expected) => {
    const program = run('--venue', venue, '--port', '0');
    await program.ready();
    expect(program.value('market')).toMatch(/^ws:\/\/127\.0\.0\.1:\d+/);
    expect(program.value('key').length).toBeGreaterThan(10);
    expect(program.value('secret').length).toBeGreaterThan(20);
    const answer = await fetch(`${program.value('rest')}${path}`);
    expect(await answer.json()).toHaveProperty(expected);
    program.commands.write('maintenance on\n');
    while (!program.said.includes('maintenance: on')) await new Promise((done) => setTimeout(done, 2));
    expect((await fetch(`${program.value('rest')}${path}`)).status).not.toBe(200);
    program.end();
    expect(await program.code).toBe(0);
    expect(program.said.at(-1)).toMatch(/^Ended: 0 market frames sent, 2 requests answered\.$/);
    await expect(fetch(`${program.value('rest')}${path}`)).rejects.toThrow();
  });

  test('every fault of the command line is told at once', () => {
    expect(() => parseFaultVenueArguments(['--venue', 'nowhere', '--port', '70000', '--seed', 'x'])).toThrow(
      /ARGUMENTS_INVALID[\s\S]*--venue[\s\S]*--port[\s\S]*--seed[\s\S]*npm run fault-venue/,
    );
    expect(() => parseFaultVenueArguments(['--loud'])).toThrow(/--loud/);
  });

  test('a recording that is not there is one clear error', async () => {
    const program = run('--venue', 'binance-usdm', '--port', '0', '--replay', '/no/such/recording.gz');
    expect(await program.code).toBe(1);
    expect(program.complaints).toEqual([expect.stringMatching(/^REPLAY_MISSING: file=\/no\/such\/recording\.gz/)]);
  });

  test('a port in use is one clear error', async () => {
    const taken = createServer();
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const program = run('--venue', 'bybit-linear', '--port', port);
    expect(await program.code).toBe(1);
    expect(program.complaints).toEqual([expect.stringMatching(/^PORT_IN_USE/)]);
    await new Promise((done) => taken.close(done));
  });
});

describe('typed faults', () => {
  const faults = () => createVenueFaults({ onMaintenance: () => undefined });

  test.each(ONE_SHOT_FAULTS)('%s is armed by its name', (fault) => {
    const venue = faults();
    runFaultCommand(venue, `${fault} 3`);
    expect(venue.armed(fault)).toBe(3);
    expect(venue.take(fault)).toBe(true);
    expect([venue.armed(fault), venue.happened(fault)]).toEqual([2, 1]);
  });

  test('switches', () => {
    const venue = faults();
    for (const line of ['maintenance on', 'half-open market', 'delay 20', 'clock -3000', 'pause BTCUSDT'])
      runFaultCommand(venue, line);
    expect(venue).toMatchObject({ maintenance: true, halfOpen: 'market', answerDelayMs: 20, clockOffsetMs: -3_000 });
    expect([venue.isPublicPaused('BTCUSDT'), venue.isPublicPaused('ETHUSDT')]).toEqual([true, false]);
    runFaultCommand(venue, 'pause');
    expect(venue.isPublicPaused('ETHUSDT')).toBe(true);
    runFaultCommand(venue, 'resume');
    expect(venue.isPublicPaused('BTCUSDT')).toBe(false);
  });

  test.each([
    'nonsense',
    'placeCutsLink 0',
    'maintenance maybe',
    'half-open sideways',
    'delay',
    'clock soon',
    'constructor',
  ])('refused, with what there is: %s', (line) => {
    expect(() => runFaultCommand(faults(), line)).toThrow(FAULT_COMMANDS);
  });
});
