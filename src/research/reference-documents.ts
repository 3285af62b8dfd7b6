import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { TRADING_EVENT_BODIES, TRADING_EVENT_VERSION } from '#core/events/trading-event.ts';
import { LANE_TRANSITIONS } from '#core/lanes/lane-state.ts';
import { SWITCH_TRANSITIONS } from '#core/lanes/switch-state.ts';
import { PROOFS } from '#core/orders/evidence-rule.ts';
import { AFTER_PERSON, ORDER_TRANSITIONS } from '#core/orders/order-state.ts';
import { RISK_CHECKS } from '#core/risk/checks.ts';
import { faultReference } from './fault-reference.ts';
import { scaleReference } from './scale/scale-reference.ts';
import { venueReference } from './venue-reference.ts';

const GENERATED = 'Generated from the code by `npm run reference`; a test holds it to it.';

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** Of values under names that are not fixed. */
  readonly additionalProperties?: JsonSchema | boolean;
  readonly pattern?: string;
}

function typeText(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${each}\``).join(' ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(typeText))].join(' or ');
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {})}`;
  if (schema.type === 'string' && schema.pattern !== undefined) return 'decimal text';
  const { additionalProperties: named } = schema;
  if (typeof named === 'object' && schema.properties === undefined) return `${typeText(named)} by name`;
  if (schema.type === 'object')
    return `{${Object.entries(schema.properties ?? {})
      .map(([name, each]) => `${name}: ${typeText(each)}`)
      .join(', ')}}`;
  return schema.type ?? 'any';
}

function eventReference(): string {
  const lines = [
    '# Events of the `trading` stream',
    '',
    GENERATED,
    '',
    `Version ${TRADING_EVENT_VERSION}. Every event has the same envelope (\`src/core/events/trading-event.ts\`): id, version, type, account, mode, venue, unit, epoch, sequence, causation and trace id, configuration hash, build, time, stamps.`,
  ];
  for (const [type, body] of Object.entries(TRADING_EVENT_BODIES)) {
    const schema = z.toJSONSchema(body) as JsonSchema;
    lines.push('', `## \`${type}\``, '', body.description ?? '', '', '| field | type |', '| --- | --- |');
    for (const [name, each] of Object.entries(schema.properties ?? {}))
      lines.push(`| \`${name}\` | ${typeText(each)} |`);
  }
  return `${lines.join('\n')}\n`;
}

function denialReference(): string {
  const lines = [
    '# Why risk refuses an order',
    '',
    GENERATED,
    '',
    'Asked in this order; the first that refuses names the denial. Checks of scope `entry` let reduce-only exits pass.',
    '',
    '| code | scope | meaning |',
    '| --- | --- | --- |',
    ...RISK_CHECKS.map((check) => `| \`${check.code}\` | ${check.scope} | ${check.explains} |`),
  ];
  return `${lines.join('\n')}\n`;
}

function stateReference(): string {
  const table = (title: string, transitions: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>>) => [
    '',
    `## ${title}`,
    '',
    '| state | input → next |',
    '| --- | --- |',
    ...Object.entries(transitions).map(
      ([state, row]) =>
        `| ${state} | ${
          Object.entries(row)
            .map(([input, next]) => `${input} → ${next}`)
            .join(', ') || '(terminal: nothing)'
        } |`,
    ),
  ];
  const intro =
    'A pair that is not listed is refused and reported. `working` is Accepted or PartiallyFilled, whichever the fills say; `same` changes nothing.';
  const lines = [
    '# States of orders and lanes',
    '',
    GENERATED,
    '',
    intro,
    ...table('Orders', ORDER_TRANSITIONS),
    ...table('Orders whose end rests on the word of people alone: these rows come first', AFTER_PERSON),
    '',
    '## What proves an end',
    '',
    'One piece of evidence of a kind that is listed must name what it is meant to name. What would end an order and does not prove that end leads to Unknown; `npm run audit` holds the ledger to the same rule.',
    '',
    '| end | proven by |',
    '| --- | --- |',
    ...Object.entries(PROOFS).map(([end, kinds]) => `| ${end} | ${kinds.map((kind) => `\`${kind}\``).join(', ')} |`),
    ...table('Lanes', LANE_TRANSITIONS),
    ...table('Changes of symbol', SWITCH_TRANSITIONS),
    '',
    'Of a lane whose symbol a scanner picks. Entries leave in Trading alone. Each step has a time limit; one that fails leaves the lane as safe as it was, and is tried again.',
  ];
  return `${lines.join('\n')}\n`;
}

/** The documents that are generated from the code: file name in `docs/` → content. */
export const REFERENCE_DOCUMENTS: Readonly<Record<string, () => string>> = {
  'events.md': eventReference,
  'denials.md': denialReference,
  'states.md': stateReference,
  'venues.md': () => venueReference(GENERATED),
  'faults.md': () => faultReference(GENERATED),
  'scale.md': () => scaleReference(GENERATED),
};

if (import.meta.main) {
  for (const [file, render] of Object.entries(REFERENCE_DOCUMENTS)) {
    writeFileSync(new URL(`../../docs/${file}`, import.meta.url), render());
  }
}
