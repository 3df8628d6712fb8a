// The grammar of the template fuzz: random templates that mostly make sense, and some that do not.
import { type ParameterType } from '../operator/template/function-type.ts';
import { functions } from '../operator/template/functions/table.ts';

/** A source of numbers from 0 to below 1 that a seed repeats. */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Functions whose result Go does not give twice, or which we refuse, or which have no like in Go. */
const excluded = new Set(
  [
    'now ago keys values uuidv4 shuffle randAlphaNum randAlpha randNumeric randAscii randBytes randInt encryptAES',
    'toTyped env expandenv getHostByName bcrypt htpasswd genPrivateKey derivePassword buildCustomCert genCA genCAWithKey',
    'genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey durationRound mustAppend call',
  ].flatMap((line) => line.split(' ')),
);

/** Functions that would run for ever on a large number, or depend on the clock for most values. */
const plainArguments = new Set(
  'until untilStep seq repeat indent nindent date dateInZone date_in_zone htmlDate htmlDateInZone chunk round wrapWith'.split(
    ' ',
  ),
);

const texts = [
  '""',
  '"a"',
  '"hello world"',
  '"Foo-bar_baz"',
  '"a,b,c"',
  '"  x  "',
  '"é"',
  '"héllo wörld"',
  '"1.5"',
  '"42"',
  '"-7"',
  '"0x1F"',
  '"010"',
  '"1h30m"',
  '"2006-01-02"',
  '"2024-02-29"',
  '"15:04:05 MST"',
  '"UTC"',
  '"Europe/Berlin"',
  '"^[a-z]+"',
  '"(a)(b)?"',
  '"$1-$2"',
  '"a*"',
  '"%d %s %v"',
  '"%5.2f|%-5s|%+q"',
  '"%x %T %#v"',
  '"{\\"a\\":[1,2,{\\"b\\":null}]}"',
  '"1.2.3"',
  '"^1.2"',
  '"http://u:p@h:1/p%20q?x=1#f"',
  '"<&>\'\\""',
  '"\\n\\t"',
  '`raw "x"`',
  '"\\xff"',
  '"\\u2028"',
  '"日本語 text"',
  '"a b"',
  '"true"',
  '"string"',
  '"int"',
  '"aGVsbG8="',
  '"NBSWY3DP"',
  '"/a/../b.txt"',
  '"HTTPServer2xx"',
  '"ABC def"',
  '"a\\x00b"',
  '"b"',
];
const smallInts = ['0', '1', '2', '3', '5', '-1', '-3', '7', '10'];
const oddNumbers = [
  '9223372036854775807',
  '-9223372036854775808',
  '1e3',
  '0x10',
  "'a'",
  '0b11',
  '1_000',
  '3.0',
  '1000000',
];
const floats = ['1.5', '0.1', '-2.5', '1e21', '1e-7', '100.0', '1000000.0', '3.0', '.5', '123456.789'];
const fields: Readonly<Record<string, readonly string[]>> = {
  string: [
    '.Reason',
    '.Message',
    '.Type',
    '.Namespace',
    '.Name',
    '.InvolvedObject.Name',
    '.InvolvedObject.Kind',
    '.Source.Component',
    '.ClusterName',
    '.InvolvedObject.Labels.app',
    '(index .InvolvedObject.Labels "tier")',
    '.Action',
    '$.Reason',
  ],
  int: ['(len .Reason)', '(int .Count)', '(len .InvolvedObject.Labels)'],
  time: [
    '.FirstTimestamp.Time',
    '.EventTime.Time',
    '.LastTimestamp.Time',
    '(toDate "2006-01-02" "2024-02-29")',
  ],
  any: [
    '.Count',
    '.UID',
    '.Source',
    '.InvolvedObject',
    '.Series',
    '.Related',
    '.Labels',
    '.InvolvedObject.Labels',
    '.FirstTimestamp',
    '.EventTime',
    '.DeletionTimestamp',
    '.OwnerReferences',
    '.InvolvedObject.OwnerReferences',
    '.Finalizers',
    '.Generation',
    '.InvolvedObject.Labels.absent',
    '.Series.Count',
    '.Event.InvolvedObject',
    '.GetTimestampMs',
    '.InvolvedObject.Deleted',
    '.FirstTimestamp.Month',
    '.Nope',
    '.InvolvedObject.Nope',
    'nil',
    '.FirstTimestamp.Unix',
    '(.LastTimestamp.Sub .FirstTimestamp.Time)',
    '(semver "1.2.3-a+b")',
    '.ObjectMeta',
    '.Annotations',
    '(index .InvolvedObject.OwnerReferences 0)',
    '.GetName',
    '.',
    '$',
  ],
};

/** Dates that are the same at any time, whatever dot is. */
const dates = ['(toDate "2006-01-02" "2024-02-29")', '1709622489', '0', '(int64 86399)'];
const lists = [
  '(list)',
  '(list 1 2 3)',
  '(list "b" "a" nil)',
  '(splitList "," "a,b")',
  '(until 3)',
  '(list (list 1) 2.5 true)',
];
/** Arguments for parameters of some types. */
const constants: Readonly<Partial<Record<ParameterType, readonly string[]>>> = {
  float64: floats,
  bool: ['true', 'false', '(eq 1 1)', '(not .Reason)'],
  time: fields.time ?? [],
  map: [
    '(dict)',
    '(dict "a" 1 "b" "x")',
    '(dict "a" (dict "b" 2))',
    '(fromJson "{\\"a\\":1}")',
    '(urlParse "http://h/p")',
  ],
  list: lists,
  textList: lists,
};

const known = Object.entries(functions).filter(([name]) => !excluded.has(name));
/** What a function surely gives. */
const resultKind = (name: string): string | undefined => functions[name]?.result?.kind;

export interface Grammar {
  readonly random: Random;
  template(): string;
}

export function createGrammar(seed: number): Grammar {
  return new RandomGrammar(seededRandom(seed));
}

class RandomGrammar implements Grammar {
  readonly random: Random;
  #variables: string[] = [];
  #loops = 0;
  #budget = 0;

  constructor(random: Random) {
    this.random = random;
  }

  template(): string {
    this.#variables = [];
    this.#loops = 0;
    this.#budget = 30;
    const body = this.#statements(0);
    const defines = this.#chance(0.05)
      ? `{{ define "sub" }}[${this.#statements(2)}]{{ end }}{{ template "sub" ${this.#any(1)} }}`
      : '';
    const text = defines + body;
    return this.#chance(0.06) ? this.#mutate(text) : text;
  }

  #chance(share: number): boolean {
    return this.random() < share;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }

  #mutate(text: string): string {
    const at = Math.floor(this.random() * (text.length + 1));
    const junk = this.#pick([
      '{{',
      '}}',
      ' ',
      '"',
      '`',
      '(',
      ')',
      '|',
      '.',
      '$',
      ':=',
      ',',
      '-',
      '/*',
      "'",
      'x',
      '1',
      '\n',
      '\\',
      'é',
      '@',
    ]);
    return this.#chance(0.5)
      ? text.slice(0, at) + junk + text.slice(at)
      : text.slice(0, at) + text.slice(at + 1);
  }

  #statements(depth: number): string {
    const count = 1 + Math.floor(this.random() * 3);
    return Array.from({ length: count }, () => this.#statement(depth)).join('');
  }

  #action(code: string): string {
    const open = this.#pick(['{{ ', '{{', '{{- ', '{{ ']);
    const close = this.#pick([' }}', '}}', ' -}}', ' }}']);
    return open + code + close;
  }

  #statement(depth: number): string {
    this.#budget -= 1;
    const roll = this.random();
    if (roll < 0.15 || this.#budget < 0)
      return this.#pick(['text', ' \n ', 'a "b" \\ \'c\'', '{ }', 'é', '\t', '']);
    if (depth > 2 || roll < 0.6) return this.#action(this.#pipeline(0));
    if (roll < 0.68) return this.#variable();
    return this.#block(depth, roll);
  }

  #variable(): string {
    const assigns = this.#variables.length > 0 && this.#chance(0.4);
    const name = assigns ? this.#pick(this.#variables) : `$${this.#pick(['a', 'b', 'c'])}`;
    const text = this.#action(`${name} ${assigns ? '=' : ':='} ${this.#pipeline(0)}`);
    this.#variables.push(name);
    return text + (this.#chance(0.5) ? this.#action(name) : '');
  }

  #scoped(depth: number): string {
    const before = this.#variables.length;
    const body = this.#statements(depth + 1);
    this.#variables.length = before;
    return body;
  }

  #block(depth: number, roll: number): string {
    const end = this.#action('end');
    const otherwise = this.#chance(0.4) ? this.#action('else') + this.#scoped(depth) : '';
    if (roll < 0.82) return this.#action(`if ${this.#pipeline(0)}`) + this.#scoped(depth) + otherwise + end;
    if (roll < 0.89) return this.#action(`with ${this.#pipeline(0)}`) + this.#scoped(depth) + otherwise + end;
    const before = this.#variables.length;
    const head = this.#rangeHead();
    this.#loops += 1;
    const jump = this.#chance(0.2) ? this.#action(this.#pick(['break', 'continue'])) : '';
    const body = this.#scoped(depth) + jump;
    this.#loops -= 1;
    this.#variables.length = before;
    return this.#action(head) + body + otherwise + end;
  }

  #rangeHead(): string {
    const over = this.#pick([
      '(list 1 "a" nil)',
      '(until 3)',
      '.InvolvedObject.Labels',
      '.InvolvedObject.OwnerReferences',
      '(dict "a" 1 "b" 2)',
      '3',
      '.Finalizers',
      this.#argument('list', 1),
      this.#any(1),
    ]);
    const roll = this.random();
    if (roll < 0.4) return `range ${over}`;
    this.#variables.push('$v');
    if (roll < 0.7) return `range $v := ${over}`;
    this.#variables.push('$k');
    return `range $k, $v := ${over}`;
  }

  #pipeline(depth: number): string {
    const [name] = this.#pick(known);
    if (this.#chance(0.25)) return this.#any(depth);
    const first = this.#call(name, depth);
    if (!this.#chance(0.35)) return first;
    const kind = resultKind(name);
    const fitting = known.filter(([, next]) => {
      const last = next.variadic ?? next.parameters.at(-1);
      return last === 'any' || last === 'value' || last === kind;
    });
    const [next, target] = this.#pick(this.#chance(0.9) && fitting.length > 0 ? fitting : known);
    if (plainArguments.has(next)) return first;
    const count =
      target.variadic === undefined
        ? target.parameters.length - 1
        : Math.max(0, target.parameters.length - 1) + (this.#chance(0.5) ? 1 : 0);
    const given = Array.from({ length: Math.max(0, count) }, (_, index) =>
      this.#argument(target.parameters[index] ?? target.variadic ?? 'any', depth + 2),
    );
    return [first, [next, ...given].join(' ')].join(this.#pick([' | ', '|']));
  }

  #call(name: string, depth: number): string {
    const found = functions[name];
    if (found === undefined) return name;
    const types: ParameterType[] = [...found.parameters];
    const more = found.variadic === undefined ? 0 : Math.floor(this.random() * 3);
    for (let added = 0; added < more; added += 1) types.push(found.variadic ?? 'any');
    if (this.#chance(0.02)) types.pop();
    if (this.#chance(0.02)) types.push('any');
    const plain = plainArguments.has(name);
    return [
      name,
      ...types.map((type) => (plain ? this.#plain(type, name) : this.#argument(type, depth + 1))),
    ].join(' ');
  }

  #plain(type: ParameterType, name: string): string {
    if (type === 'int') return this.#pick(smallInts);
    const isDate = name.toLowerCase().includes('date');
    if (type === 'any') return this.#pick(isDate ? dates : smallInts);
    return this.#pick(texts);
  }

  #any(depth: number): string {
    const kinds: ParameterType[] = [
      'string',
      'int',
      'float64',
      'bool',
      'list',
      'map',
      'time',
      'any',
      'any',
      'any',
    ];
    return this.#argument(this.#pick(kinds), depth);
  }

  #argument(wanted: ParameterType, depth: number): string {
    const type = this.#chance(0.04) ? 'any' : wanted;
    if (this.#variables.length > 0 && this.#chance(0.08)) return this.#pick(this.#variables);
    return depth < 3 && this.#chance(0.3) ? this.#nested(type, depth) : this.#leaf(type, depth);
  }

  #leaf(type: ParameterType, depth: number): string {
    if (type === 'string') return this.#pick(this.#chance(0.25) ? (fields.string ?? []) : texts);
    if (type === 'int') return this.#integer();
    const known = constants[type];
    return known === undefined ? this.#mixed(depth) : this.#pick(known);
  }

  #integer(): string {
    if (this.#chance(0.1)) return this.#pick(fields.int ?? []);
    return this.#pick(this.#chance(0.1) ? oddNumbers : smallInts);
  }

  #mixed(depth: number): string {
    const roll = this.random();
    if (roll < 0.35) return this.#pick(fields.any ?? []);
    if (roll < 0.55) return this.#pick(texts);
    if (roll < 0.7) return this.#pick([...smallInts, ...oddNumbers]);
    if (roll < 0.78) return this.#pick(floats);
    if (roll < 0.82) return this.#pick(['true', 'false', 'nil']);
    return this.#argument(this.#pick(['list', 'map', 'time', 'string'] as const), depth + 1);
  }

  #nested(type: ParameterType, depth: number): string {
    const kind =
      type === 'string' || type === 'int' || type === 'float64' || type === 'bool' ? type : undefined;
    const fitting = kind === undefined ? known : known.filter(([name]) => resultKind(name) === kind);
    const [name] = this.#pick(fitting);
    return `(${this.#call(name, depth + 1)})`;
  }
}

const words = [
  'constructor',
  '__proto__',
  'prototype',
  'process',
  'globalThis',
  'require',
  'Function',
  'eval',
  'this',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'env',
  'import',
  'arguments',
  'it',
  'r',
  'k',
  'options',
  '__eta',
  'include',
  'layout',
  'capture',
  'data',
  'budget',
  'now',
  'random',
  'length',
  'caller',
  'callee',
  'exit',
  'mainModule',
  'then',
  'Name',
  'Reason',
  'Labels',
];
const pieces = [
  '{{',
  '}}',
  '{{-',
  '-}}',
  ' ',
  '.',
  '$',
  '(',
  ')',
  '|',
  ':=',
  '=',
  ',',
  '"',
  '`',
  "'",
  '\\',
  '/*',
  '*/',
  '\n',
  '\u2028',
  '${',
  '//',
  ';',
  'range',
  'if',
  'with',
  'end',
  'else',
  'define',
  'template',
  'block',
  'break',
  'continue',
  'nil',
  'true',
  '1',
  '99999999999',
  '1e309',
];
const attacks = [
  (word: string) => `{{ .${word} }}`,
  (word: string) => `{{ .${word}.${word} }}`,
  (word: string) => `{{ (dict "${word}" 1).${word} }}`,
  (word: string) => `{{ set (dict) "__proto__" (dict "${word}" 1) }}`,
  (word: string) => `{{ merge (dict) (fromJson "{\\"__proto__\\":{\\"${word}\\":1}}") }}`,
  (word: string) => `{{ index . "${word}" }}{{ index .Labels "${word}" }}`,
  (word: string) => `{{ .InvolvedObject.Labels.${word} }}{{ .Labels.${word}.${word} }}`,
  (word: string) => `{{ dig "${word}" "${word}" "d" (dict) }}{{ get (dict) "${word}" }}`,
  (word: string) => `{{ $x := "" }}{{ range 100 }}{{ $x = print $x $x "${word}" }}{{ end }}{{ $x }}`,
  (word: string) => `{{ define "${word}" }}{{ template "${word}" . }}{{ end }}{{ template "${word}" }}`,
  (word: string) => `{{ $d := dict }}{{ $_ := set $d "${word}" $d }}{{ toJson $d }}{{ $d }}{{ deepCopy $d }}`,
  () =>
    `{{ $l := list 1 }}{{ range 40 }}{{ $l = list $l $l }}{{ end }}{{ $l }}{{ toJson $l }}{{ deepEqual $l (deepCopy $l) }}`,
  (word: string) => `{{ repeat 999999999 "${word}" }}`,
  (word: string) => `{{ until 999999999 }}{{ seq 1 999999999 }}{{ range 999999999 }}${word}{{ end }}`,
  (word: string) => `{{ printf "%999999d %.999999f %*d" 1 1.5 999999999 1 }}${word}`,
  (word: string) =>
    `{{ regexReplaceAll "(a*)*b" (repeat 1000 "a") "${word}" }}{{ regexFind "((a{20}){20}){20}" "a" }}`,
  (word: string) => `{{ printf "%${word}" . }}{{ print . }}{{ .${word} "x" }}`,
  (word: string) => `{{ env "${word}" }}{{ expandenv "$${word}" }}{{ getHostByName "${word}" }}`,
  (word: string) =>
    `{{ date "${word}" 99999999999999999 }}{{ dateInZone "MST" 0 "${word}" }}{{ toDate "${word}" "${word}" }}`,
  (word: string) => `');${word}.exit();('{{ "');${word}('" }}\`\${${word}}\``,
  (word: string) => `{{ template "${word}" }}{{ block "${word}" . }}{{ .${word} }}{{ end }}`,
  (word: string) => `{{ $${word} := 1 }}{{ $${word}.${word} }}`,
  (word: string) => `{{ ${word} }}{{ ${word} . }}{{ . | ${word} }}`,
  (word: string) => `{{ toTyped . }}{{ semverCompare "${word}" "1.2.3" }}{{ urlParse "${word}:" }}`,
];

/** Writes a template that tries to get out, or to take all there is. */
export function hostileTemplate(random: Random): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  if (random() < 0.4) return pick(attacks)(pick(words));
  const names = Object.keys(functions);
  const count = 1 + Math.floor(random() * 14);
  const parts = Array.from({ length: count }, () => {
    const roll = random();
    if (roll < 0.45) return pick(pieces);
    if (roll < 0.7) return pick(words);
    return roll < 0.9 ? ` ${pick(names)} ` : `"${pick(words)}"`;
  });
  const body = parts.join(random() < 0.5 ? ' ' : '');
  return random() < 0.6 ? `{{ ${body} }}` : body;
}
