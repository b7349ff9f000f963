/** Lines of TypeScript in a project, by what they are for. */
interface Size {
  /** The shell and the platform, without tools. */
  platform: number;
  tools: number;
  modules: number;
  tests: number;
}

export function sizeOf(files: ReadonlyMap<string, string>): Size {
  const size = { platform: 0, tools: 0, modules: 0, tests: 0 };
  for (const [path, text] of files) if (path.endsWith('.ts')) size[kindOf(path)] += text.split('\n').length - 1;
  return size;
}

function kindOf(path: string): keyof Size {
  if (path.startsWith('test/') || /\.spec\.ts$|\/fixtures\//.test(path)) return 'tests';
  if (path.startsWith('modules/')) return 'modules';
  return path.startsWith('src/tools/') ? 'tools' : 'platform';
}
