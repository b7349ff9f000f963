import type { Change, History } from './git.js';

/** How one module changes, in commits or in pull requests. */
export interface Share {
  /** Changes that touched it, without those across most modules. */
  total: number;
  /** Of these, those that touched no other module. */
  alone: number;
  /** With which other module, how often; the most frequent first. */
  pairs: readonly { module: string; count: number }[];
  /** Changes across most modules, counted apart: a renaming or a new format says nothing about two of them. */
  sweeping: number;
}

export interface ModuleHistory {
  module: string;
  commits: Share;
  pullRequests: Share;
  /** Authors by their commits, the most frequent first, and how many each also made in other modules. */
  people: readonly { author: string; commits: number; elsewhere: number }[];
  /** The module whose authors overlap most: authors of both among authors of either. */
  closest: { module: string; both: number; either: number } | undefined;
  /** Commits that touched its contracts, and those of them that touched another module too. */
  contracts: { commits: number; together: number };
  /** Between two tags: in how many it changed, and in how many it alone. */
  releases: { all: number; changed: number; alone: number };
}

/** Above this share of all modules, and from four on, a change says nothing about two of them. */
const SWEEP = { share: 0.5, least: 4 };

/** How each module has changed. Modules that are gone do not count. */
export function historiesOf(history: History, modules: readonly string[]): ModuleHistory[] {
  const known = new Set(modules);
  const only = (changes: readonly Change[]) =>
    changes.flatMap((change) => {
      const touched = new Map([...change.modules].filter(([module]) => known.has(module)));
      return touched.size === 0 ? [] : [{ ...change, modules: touched }];
    });
  const [commits, landed] = [only(history.commits), only(history.landed)];
  const requests = landed.filter(isPullRequest);
  const releases = releasesOf(history, landed);
  const authors = new Map(modules.map((module) => [module, authorsOf(module, commits)]));
  return modules.map((module) => ({
    module,
    commits: shareOf(module, commits, modules.length),
    pullRequests: shareOf(module, requests, modules.length),
    people: peopleOf(module, authors),
    closest: closestTo(module, authors),
    contracts: contractsOf(module, commits),
    releases: {
      all: releases.length,
      changed: releases.filter((each) => each.has(module)).length,
      alone: releases.filter((each) => each.has(module) && each.size === 1).length,
    },
  }));
}

/** A merge into the branch, or a commit that a merge button has made of one. */
const isPullRequest = ({ merges, subject }: Change) => merges || /\(#\d+\)\s*$/.test(subject);

function shareOf(module: string, changes: readonly Change[], all: number): Share {
  const own = changes.filter(({ modules }) => modules.has(module));
  const counted = own.filter(({ modules }) => !isSweeping(modules.size, all));
  const pairs = new Map<string, number>();
  for (const { modules } of counted)
    for (const other of modules.keys()) if (other !== module) pairs.set(other, (pairs.get(other) ?? 0) + 1);
  return {
    total: counted.length,
    alone: counted.filter(({ modules }) => modules.size === 1).length,
    pairs: [...pairs].map(([other, count]) => ({ module: other, count })).sort((a, b) => b.count - a.count),
    sweeping: own.length - counted.length,
  };
}

const isSweeping = (touched: number, all: number) => touched >= SWEEP.least && touched > all * SWEEP.share;

function authorsOf(module: string, commits: readonly Change[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { author, modules } of commits) if (modules.has(module)) counts.set(author, (counts.get(author) ?? 0) + 1);
  return counts;
}

type Authors = ReadonlyMap<string, ReadonlyMap<string, number>>;

function peopleOf(module: string, authors: Authors): ModuleHistory['people'] {
  const elsewhere = (author: string) =>
    [...authors].reduce((sum, [other, counts]) => sum + (other === module ? 0 : (counts.get(author) ?? 0)), 0);
  return [...authors.get(module)!]
    .map(([author, commits]) => ({ author, commits, elsewhere: elsewhere(author) }))
    .sort((a, b) => b.commits - a.commits);
}

function closestTo(module: string, authors: Authors): ModuleHistory['closest'] {
  const own = new Set(authors.get(module)!.keys());
  const others = [...authors].filter(([other]) => other !== module);
  const found = others.map(([other, counts]) => {
    const both = [...counts.keys()].filter((author) => own.has(author)).length;
    return { module: other, both, either: own.size + counts.size - both };
  });
  return found.filter(({ both }) => both > 0).sort((a, b) => b.both / b.either - a.both / a.either)[0];
}

function contractsOf(module: string, commits: readonly Change[]): ModuleHistory['contracts'] {
  const changed = commits.filter(({ modules }) => modules.get(module)?.contracts);
  return { commits: changed.length, together: changed.filter(({ modules }) => modules.size > 1).length };
}

/** The modules that changed from one tag of the branch to the next. What came after the last one is not released. */
function releasesOf({ line, tags }: History, landed: readonly Change[]): Set<string>[] {
  const byId = new Map(landed.map((change) => [change.id, change]));
  const releases: Set<string>[] = [];
  let current: Set<string> | undefined;
  for (const id of line) {
    if (tags.has(id)) releases.push((current = new Set()));
    for (const module of byId.get(id)?.modules.keys() ?? []) current?.add(module);
  }
  return releases.filter((modules) => modules.size > 0);
}
