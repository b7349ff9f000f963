import pg from 'pg';

/** The world outside: it notes every call, however often it comes. */
let world: pg.Pool | undefined;

export function openOutside(connectionString: string): void {
  world = new pg.Pool({ connectionString, max: 4 });
  world.on('error', () => undefined);
}

export async function closeOutside(): Promise<void> {
  await world?.end();
}

export async function callOutside(token: string): Promise<void> {
  await world!.query('INSERT INTO outside.call (token) VALUES ($1)', [token]);
}

/** What a consumer does that keeps its effects somewhere else than its progress. */
export async function noteOutside(token: string): Promise<void> {
  await world!.query('INSERT INTO outside.careless (token) VALUES ($1)', [token]);
}
