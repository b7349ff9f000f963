import type { Type } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { BoundedContext, Database, defineCommand, defineEvent, Saga } from '../../src/platform/index.js';
import { arrivals } from './arrivals.js';

/** A process of three steps in two modules: each step is a row of effect in the other module. */
const journey = z.object({ journey: z.string() });
const visit = journey.extend({ stop: z.int() });

export class StartJourney extends defineCommand('journeys.start-journey.v1', { payload: journey }) {}
export class JourneyStarted extends defineEvent('journeys.journey-started.v1', { payload: journey, key: 'journey' }) {}
export class Visit extends defineCommand('stations.visit.v1', { payload: visit }) {}

export const STEPS = 3;
/** What a start and a step mean on every side: one row each. */
export const JOURNEY_TABLES = `
  CREATE TABLE journey (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  CREATE TABLE visit (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, stop int NOT NULL);`;
export const INSERT_JOURNEY = 'INSERT INTO journey (name) VALUES ($1)';
export const INSERT_VISIT = 'INSERT INTO visit (name, stop) VALUES ($1, $2)';

/** One of those that carry a process of three steps. */
export interface Travelling {
  start(journey: string): Promise<void>;
  /** How many steps were made. */
  visits(): Promise<number>;
  close(): Promise<void>;
}

@CommandHandler(StartJourney)
class StartJourneyHandler implements ICommandHandler<StartJourney> {
  constructor(
    private readonly database: Database,
    private readonly events: EventBus,
  ) {}

  async execute(command: StartJourney): Promise<void> {
    await this.database.sql(INSERT_JOURNEY, [command.journey]);
    this.events.publish(new JourneyStarted(command));
  }
}

@Injectable()
class Journey extends Saga<z.output<typeof visit>> {
  constructor() {
    super('journeys.journey', visit);
    const go = (name: string, stop: number) => ({
      state: { journey: name, stop },
      send: [new Visit({ journey: name, stop })],
    });
    this.starts(
      JourneyStarted,
      (event) => event.journey,
      (event) => go(event.journey, 1),
    );
    this.onReply(Visit, (state) => (state.stop < STEPS ? go(state.journey, state.stop + 1) : { done: true }));
  }
}

@CommandHandler(Visit)
class VisitHandler implements ICommandHandler<Visit> {
  constructor(private readonly database: Database) {}

  async execute({ journey: name, stop }: Visit): Promise<void> {
    await this.database.sql(INSERT_VISIT, [name, stop]);
    if (stop === STEPS) arrivals.add(1);
  }
}

class Tables1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(JOURNEY_TABLES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE journey, visit');
  }
}

@BoundedContext({
  name: 'journeys',
  contracts: { StartJourney, JourneyStarted },
  providers: [StartJourneyHandler, Journey],
  migrations: [Tables1790000000000],
})
class Journeys {}

@BoundedContext({
  name: 'stations',
  contracts: { Visit },
  providers: [VisitHandler],
  migrations: [Tables1790000000000],
})
class Stations {}

export const JOURNEY_MODULES: readonly Type[] = [Journeys, Stations];
