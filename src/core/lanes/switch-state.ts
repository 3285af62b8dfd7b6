/** Where a lane whose symbol a scanner picks stands between two symbols. */
export const SWITCH_STATES = [
  'Locating',
  'Subscribing',
  'AwaitingBook',
  'Recovering',
  'Trading',
  'Closing',
  'Unsubscribing',
  'Retrying',
  'Ended',
] as const;
export type SwitchState = (typeof SWITCH_STATES)[number];

/** The steps that can fail, each is tried again. */
const SWITCH_STEPS = [
  'Locating',
  'Subscribing',
  'AwaitingBook',
  'Recovering',
  'Closing',
  'Unsubscribing',
] as const satisfies readonly SwitchState[];
export type SwitchStep = (typeof SWITCH_STEPS)[number];

/** What moves a switch. */
export const SWITCH_INPUTS = [
  'located',
  'subscribed',
  'bookValid',
  'recovered',
  'superseded',
  'proposed',
  'withdrawn',
  'closed',
  'unsubscribed',
  'stepFailed',
  'retryLocating',
  'retrySubscribing',
  'retryAwaitingBook',
  'retryRecovering',
  'retryClosing',
  'retryUnsubscribing',
  'end',
] as const;
export type SwitchInput = (typeof SWITCH_INPUTS)[number];

/**
 * The one table of the change of a lane's symbol (H4). Entries leave in Trading alone, and the way from one symbol's Trading to another's leads through each confirmed step: flat and every order proven
 * ended, unsubscribed, subscribed, a whole book, recovered from venue and ledger. A pair that is not listed is refused.
 */
export const SWITCH_TRANSITIONS: Readonly<Record<SwitchState, Readonly<Partial<Record<SwitchInput, SwitchState>>>>> = {
  // At the start of a lease: which symbol has a position or orders?
  Locating: { located: 'Subscribing', stepFailed: 'Retrying', end: 'Ended' },
  Subscribing: { subscribed: 'AwaitingBook', stepFailed: 'Retrying', end: 'Ended' },
  // A newer proposal is taken where nothing is held: what was subscribed goes again.
  AwaitingBook: { bookValid: 'Recovering', superseded: 'Unsubscribing', stepFailed: 'Retrying', end: 'Ended' },
  // Whatever the recovery found is closed first.
  Recovering: { recovered: 'Trading', superseded: 'Closing', stepFailed: 'Retrying', end: 'Ended' },
  Trading: { proposed: 'Closing', end: 'Ended' },
  Closing: { closed: 'Unsubscribing', withdrawn: 'Trading', stepFailed: 'Retrying', end: 'Ended' },
  Unsubscribing: { unsubscribed: 'Subscribing', stepFailed: 'Retrying', end: 'Ended' },
  Retrying: {
    retryLocating: 'Locating',
    retrySubscribing: 'Subscribing',
    retryAwaitingBook: 'AwaitingBook',
    retryRecovering: 'Recovering',
    retryClosing: 'Closing',
    retryUnsubscribing: 'Unsubscribing',
    end: 'Ended',
  },
  Ended: {},
};

/** The state after `input`, or null where the table refuses it. */
export function nextSwitchState(state: SwitchState, input: SwitchInput): SwitchState | null {
  return SWITCH_TRANSITIONS[state][input] ?? null;
}
