export interface Package {
  name: string;
  version: string;
  licence: string;
  /** What its files take. */
  bytes: number;
  /** Asked for by this project itself. */
  direct: boolean;
}

/** The page about what production installs, and its figures in short. */
export function listing(packages: readonly Package[]): { page: string; figures: string } {
  const figures = `${packages.length} packages, ${megabytes(packages)} MB`;
  const licences = [...new Set(packages.map(({ licence }) => licence))].sort(byText);
  const page = [
    '# Dependencies of production',
    '',
    `Written by \`npm run dependencies -- --write\`; \`npm run check\` fails when it is out of date, or when a licence is not one of`,
    'those that ask for no more than to be named.',
    '',
    `What the image installs: ${figures} of files. The largest: ${largest(packages)}.`,
    '',
    '## Asked for by the project',
    '',
    ...packages
      .filter(({ direct }) => direct)
      .map(({ name, version, licence }) => `- ${name} ${version}, ${licence}`)
      .sort(byText),
    '',
    '## All, by licence',
    '',
    ...licences.flatMap((licence) => {
      const names = packages
        .filter((each) => each.licence === licence)
        .map(({ name, version }) => `${name} ${version}`);
      return [`**${licence}** (${names.length}): ${names.sort(byText).join(', ')}`, ''];
    }),
  ];
  return { page: page.join('\n'), figures };
}

function largest(packages: readonly Package[]): string {
  const sorted = [...packages].sort((a, b) => b.bytes - a.bytes).slice(0, 4);
  return sorted.map((each) => `${each.name} ${megabytes([each])} MB`).join(', ');
}

const megabytes = (packages: readonly Package[]) =>
  Math.round(packages.reduce((sum, { bytes }) => sum + bytes, 0) / 1_000_000);

const byText = (a: string, b: string) => (a < b ? -1 : 1);
