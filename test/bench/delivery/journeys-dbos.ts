import type pg from 'pg';
import { arrivals } from '../arrivals.js';
import type { Travelling } from '../journey.js';
import { INSERT_JOURNEY, INSERT_VISIT, JOURNEY_TABLES, STEPS } from '../journey.js';
import type { Dbos } from '../rivals.js';
import { dbos } from '../rivals.js';
import { Place, poolOf } from '../server.js';

/** A workflow of DBOS with three steps. */
export class DbosJourneys implements Travelling {
  private constructor(
    private readonly place: Place,
    private readonly clients: pg.Pool,
    private readonly library: Dbos,
    private readonly travel: (journey: string) => Promise<void>,
  ) {}

  static async open(): Promise<DbosJourneys> {
    const { DBOS } = await dbos();
    const place = await Place.make();
    await place.pool.query(JOURNEY_TABLES);
    const clients = poolOf(place.url, 16);
    const insert = (text: string, values: unknown[]) => async () => void (await clients.query(text, values));
    const travel = async (journey: string) => {
      await DBOS.runStep(insert(INSERT_JOURNEY, [journey]), { name: 'start' });
      for (let stop = 1; stop <= STEPS; stop++)
        await DBOS.runStep(insert(INSERT_VISIT, [journey, stop]), { name: `stop-${stop}` });
      arrivals.add(1);
    };
    const workflow = DBOS.registerWorkflow(travel, { name: 'journey' });
    DBOS.setConfig({ name: 'journeys', systemDatabaseUrl: place.url, systemDatabasePoolSize: 16, logLevel: 'error' });
    await DBOS.launch();
    return new DbosJourneys(place, clients, DBOS, workflow);
  }

  async start(journey: string): Promise<void> {
    await this.library.startWorkflow(this.travel)(journey);
  }

  async visits(): Promise<number> {
    return (await this.place.pool.query('SELECT count(*)::int AS n FROM visit')).rows[0].n as number;
  }

  async close(): Promise<void> {
    await this.library.shutdown();
    await this.clients.end();
    await this.place.drop();
  }
}
