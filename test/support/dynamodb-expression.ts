/** A value as DynamoDB's JSON protocol writes it: `{S: 'x'}`, `{N: '1'}`, `{M: {…}}`. */
export type AttributeValue = Readonly<Record<string, unknown>>;
export type AttributeMap = Record<string, AttributeValue>;

interface Scope {
  readonly item: AttributeMap;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, AttributeValue>>;
}

const knownTokens = new Map<string, readonly string[]>();

/** A query asks the same of each item. */
function tokensOf(text: string): readonly string[] {
  const known = knownTokens.get(text);
  if (known !== undefined) return known;
  const tokens = text.match(/<>|<=|>=|[<>=(),.+-]|[#:\w]+/g) ?? [];
  knownTokens.set(text, tokens);
  return tokens;
}

/** Reads the part of DynamoDB's expression language that the adapters use; anything else throws, so that a test cannot pass by accident. */
class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  readonly #scope: Scope;

  constructor(text: string, scope: Scope) {
    this.#tokens = tokensOf(text);
    this.#scope = scope;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  next(): string {
    const token = this.peek();
    if (token === '') throw new Error('expression ends too early');
    this.#at += 1;
    return token;
  }

  take(token: string): boolean {
    if (this.peek().toUpperCase() !== token) return false;
    this.#at += 1;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw new Error(`expected ${token}, found ${this.peek()} in ${this.#tokens.join(' ')}`);
  }

  or(): boolean {
    let value = this.and();
    while (this.take('OR')) value = this.and() || value;
    return value;
  }

  and(): boolean {
    let value = this.condition();
    while (this.take('AND')) value = this.condition() && value;
    return value;
  }

  condition(): boolean {
    if (this.take('NOT')) return !this.condition();
    if (this.take('(')) {
      const value = this.or();
      this.expect(')');
      return value;
    }
    for (const name of ['ATTRIBUTE_EXISTS', 'ATTRIBUTE_NOT_EXISTS']) {
      if (!this.take(name)) continue;
      this.expect('(');
      const found = this.resolve(this.path()) !== undefined;
      this.expect(')');
      return name === 'ATTRIBUTE_EXISTS' ? found : !found;
    }
    if (this.take('BEGINS_WITH')) {
      this.expect('(');
      const left = this.operand();
      this.expect(',');
      const right = this.operand();
      this.expect(')');
      return String(left?.S).startsWith(String(right?.S));
    }
    const left = this.operand();
    if (this.take('BETWEEN')) {
      const low = this.operand();
      this.expect('AND');
      const high = this.operand();
      return compare(left, '>=', low) && compare(left, '<=', high);
    }
    const operator = this.next();
    const right = this.operand();
    return compare(left, operator, right);
  }

  /** A value: a path, a placeholder, `if_not_exists(path, value)`, or a sum of two. */
  operand(): AttributeValue | undefined {
    let value = this.single();
    while (this.peek() === '+') {
      this.next();
      const right = this.single();
      value = { N: String(Number(value?.N) + Number(right?.N)) };
    }
    return value;
  }

  single(): AttributeValue | undefined {
    if (this.take('IF_NOT_EXISTS')) {
      this.expect('(');
      const found = this.resolve(this.path());
      this.expect(',');
      const otherwise = this.operand();
      this.expect(')');
      return found ?? otherwise;
    }
    if (this.peek().startsWith(':')) {
      const name = this.next();
      const value = this.#scope.values[name];
      if (value === undefined) throw new Error(`no value ${name}`);
      return value;
    }
    return this.resolve(this.path());
  }

  path(): string[] {
    const path = [this.name()];
    while (this.take('.')) path.push(this.name());
    return path;
  }

  name(): string {
    const token = this.next();
    if (!token.startsWith('#')) return token;
    const name = this.#scope.names[token];
    if (name === undefined) throw new Error(`no name ${token}`);
    return name;
  }

  resolve(path: readonly string[]): AttributeValue | undefined {
    let value: AttributeValue | undefined = { M: this.#scope.item };
    for (const name of path) {
      const map: unknown = value?.M;
      value = isMap(map) ? map[name] : undefined;
    }
    return value;
  }
}

function isMap(value: unknown): value is AttributeMap {
  return typeof value === 'object' && value !== null;
}

function compare(left: AttributeValue | undefined, operator: string, right: AttributeValue | undefined): boolean {
  if (left === undefined || right === undefined) return operator === '<>' && left !== right;
  const [type] = Object.keys(left);
  if (type === undefined || !(type in right)) return operator === '<>';
  const [a, b] = type === 'N' ? [Number(left[type]), Number(right[type])] : [String(left[type]), String(right[type])];
  switch (operator) {
    case '=':
      return a === b;
    case '<>':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      throw new Error(`operator ${operator}`);
  }
}

/** Whether the condition or key condition holds for the item. */
export function holds(
  text: string,
  item: AttributeMap,
  names: Scope['names'] = {},
  values: Scope['values'] = {},
): boolean {
  const reader = new Reader(text, { item, names, values });
  const value = reader.or();
  if (!reader.done) throw new Error(`unread rest of expression: ${text}`);
  return value;
}

/** The item after `SET`, `REMOVE` and `ADD`; every right side reads the item as it was. */
export function updated(
  text: string,
  item: AttributeMap,
  names: Scope['names'] = {},
  values: Scope['values'] = {},
): AttributeMap {
  const after: AttributeMap = { ...item };
  const reader = new Reader(text, { item, names, values });
  let clause = '';
  while (!reader.done) {
    const word = reader.peek().toUpperCase();
    if (['SET', 'REMOVE', 'ADD'].includes(word)) clause = reader.next().toUpperCase();
    else reader.expect(',');
    const [attribute, ...deeper] = reader.path();
    if (attribute === undefined || deeper.length > 0) throw new Error('the fake updates top-level attributes only');
    if (clause === 'REMOVE') {
      delete after[attribute];
      continue;
    }
    if (clause === 'SET') reader.expect('=');
    const value = reader.operand();
    if (value === undefined) throw new Error(`the value set to ${attribute} does not exist`);
    after[attribute] = clause === 'ADD' ? { N: String(Number(item[attribute]?.N ?? 0) + Number(value.N)) } : value;
  }
  return after;
}
