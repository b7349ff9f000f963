/** Words that mean something to TypeScript or to PostgreSQL. */
export const RESERVED: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric async authorization await binary both break case cast catch check class ' +
    'collate collation column concurrently const constraint constructor continue create cross current debugger default deferrable ' +
    'delete desc distinct do else end enum eval except export extends false fetch finally for foreign freeze from full function ' +
    'get grant group having if ilike implements import in initially inner instanceof interface intersect into is isnull join ' +
    'lateral leading left let like limit localtime localtimestamp natural new not notnull null offset on only or order outer ' +
    'overlaps package placing primary private protected prototype public references return returning right select session set ' +
    'similar some static super switch symmetric system table tablesample then this throw to trailing true try type typeof ' +
    'undefined union unique user using variadic var verbose void when where while window with yield'
  ).split(' '),
);
