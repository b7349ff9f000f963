/** What the decorators of @nestjs/cqrs leave on a class: under these names, which the package does not export. */
export const HANDLED = {
  command: '__commandHandler__',
  query: '__queryHandler__',
  events: '__eventsHandler__',
} as const;
