/** One way to step over a boundary. It is planted in a copy of a clean tree and has to be reported there. */
export interface Leak {
  kind: string;
  /** The line that leaks ends with `// leak`; without such a line it is the first. */
  code: string;
  rule: string;
  /** Rules that it breaks besides. */
  also?: readonly string[];
  /** It changes the tree so much that it needs one for itself. */
  alone?: boolean;
  /** Where it is planted; by default a file of the module billing. */
  file?: string;
  /** What it needs around it: path → text. */
  around?: Readonly<Record<string, string>>;
}

/** Where a leak is planted, and what has to be reported. */
export interface Planted extends Leak {
  file: string;
  line: number;
}

/** Gives each leak a file of its own, so that many can be planted in one tree. */
export function plan(leaks: readonly Leak[], extension = 'ts'): Planted[] {
  return leaks.map((leak, index) => {
    const marked = leak.code.split('\n').findIndex((line) => line.includes('// leak'));
    return {
      ...leak,
      file: leak.file ?? `modules/billing/leak-${index + 1}.${extension}`,
      line: Math.max(0, marked) + 1,
    };
  });
}

/** What the leaks reach for: the inside of a module that lets nobody in. */
export const INSIDE: Readonly<Record<string, string>> = {
  'modules/stock/secret.ts':
    'export interface Secret {\n  word: string;\n}\nexport const secret: Secret = { word: "s" };\nexport default secret;\n',
  'modules/stock/secret.json': '{ "word": "s" }\n',
};
