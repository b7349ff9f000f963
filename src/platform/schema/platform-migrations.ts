import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables that every module's schema has: what it said, what it has heard, what it has answered, its processes. */
class PlatformTables1700000000000 implements MigrationInterface {
  readonly name = 'PlatformTables1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SEQUENCE outbox_seq CACHE 1;
      CREATE TABLE outbox (
        seq           bigint PRIMARY KEY DEFAULT nextval('outbox_seq'),
        id            uuid NOT NULL,
        aggregatetype text NOT NULL,
        aggregateid   text NOT NULL,
        type          text NOT NULL,
        payload       jsonb NOT NULL,
        headers       jsonb NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
      ) PARTITION BY RANGE (seq);
      ALTER SEQUENCE outbox_seq OWNED BY outbox.seq;
      CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES FROM (1) TO (250001);
      CREATE TABLE outbox_250001 PARTITION OF outbox FOR VALUES FROM (250001) TO (500001);
      CREATE TABLE outbox_500001 PARTITION OF outbox FOR VALUES FROM (500001) TO (MAXVALUE);
      CREATE TABLE outbox_reader (
        consumer text PRIMARY KEY,
        position bigint NOT NULL,
        moved_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE consumer_progress (
        consumer   text NOT NULL,
        producer   text NOT NULL,
        part       int NOT NULL DEFAULT 0,
        parts      int NOT NULL DEFAULT 1,
        position   bigint NOT NULL DEFAULT 0,
        passed     jsonb NOT NULL DEFAULT '[]',
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, producer, parts, part)
      );
      CREATE TABLE parked_message (
        id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        consumer     text NOT NULL,
        producer     text NOT NULL,
        seq          bigint NOT NULL,
        message_id   uuid NOT NULL,
        key          text NOT NULL,
        message      jsonb NOT NULL,
        state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'dead')),
        attempts     int NOT NULL DEFAULT 0,
        errors       jsonb NOT NULL DEFAULT '[]',
        waiting_for  text,
        due_at       timestamptz,
        leased_until timestamptz,
        parked_at    timestamptz NOT NULL DEFAULT now(),
        UNIQUE (consumer, producer, seq)
      );
      CREATE INDEX parked_message_due ON parked_message (consumer, due_at) WHERE state = 'waiting';
      CREATE INDEX parked_message_key ON parked_message (consumer, key, seq);
      CREATE TABLE command_outcome (
        type        text NOT NULL,
        key         text NOT NULL,
        fingerprint text NOT NULL,
        outcome     jsonb,
        created_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (type, key)
      );
      CREATE INDEX command_outcome_age ON command_outcome (created_at);
      CREATE TABLE saga (
        saga         text NOT NULL,
        id           text NOT NULL,
        state        jsonb,
        steps        jsonb NOT NULL DEFAULT '[]',
        timeline     jsonb NOT NULL DEFAULT '[]',
        status       text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'compensating', 'done')),
        timeout_name text,
        timeout_at   timestamptz,
        started_at   timestamptz NOT NULL DEFAULT now(),
        updated_at   timestamptz NOT NULL DEFAULT now(),
        ended_at     timestamptz,
        PRIMARY KEY (saga, id)
      );
      CREATE INDEX saga_timeout ON saga (timeout_at) WHERE timeout_at IS NOT NULL;
      CREATE INDEX saga_open ON saga (started_at) WHERE status <> 'done';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE saga, command_outcome, parked_message, consumer_progress, outbox_reader, outbox');
  }
}

/** What armed the timeout of an instance, so that it goes on in the same trace however long after. */
class SagaHeaders1700000000001 implements MigrationInterface {
  readonly name = 'SagaHeaders1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE saga ADD COLUMN timeout_headers jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE saga DROP COLUMN timeout_headers');
  }
}

/**
 * Which message types a checkpoint covers, so that versions that know other types neither read past one nor repeat it.
 *
 * - `consumer_type`: a type is in the covered set while `handled` is null; when it leaves, `handled` says through which
 *   positions it was handled. `seen_at` is when a replica that knows it was last seen.
 * - `consumer_progress.coverage` counts the changes of the set; null where it was never recorded.
 * - `shelved_message`: retry-table rows of types that have left the set. `consumer_alias`: names that were given up.
 */
class ConsumerTypes1700000000002 implements MigrationInterface {
  readonly name = 'ConsumerTypes1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE consumer_type (
        consumer text NOT NULL,
        type     text NOT NULL,
        producer text NOT NULL,
        stream   text NOT NULL,
        handled  jsonb,
        seen_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, type)
      );
      ALTER TABLE consumer_progress ADD COLUMN coverage int;
      ALTER TABLE parked_message ADD COLUMN type text GENERATED ALWAYS AS (message->>'type') STORED;
      CREATE INDEX parked_message_type ON parked_message (consumer, type, due_at) WHERE state = 'waiting';
      CREATE TABLE shelved_message (
        consumer   text NOT NULL,
        type       text NOT NULL,
        parked     jsonb NOT NULL,
        parked_at  timestamptz NOT NULL,
        shelved_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX shelved_message_type ON shelved_message (consumer, type);
      CREATE TABLE consumer_alias (former text PRIMARY KEY, name text NOT NULL);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE consumer_alias, shelved_message, consumer_type;
      ALTER TABLE parked_message DROP COLUMN type;
      ALTER TABLE consumer_progress DROP COLUMN coverage;
    `);
  }
}

/**
 * Attempts of saga timeouts, retry-table rows that keep the order of a saga instance, and the retention of finished
 * instances.
 *
 * - `saga.timeout_attempts`, `timeout_error`: failed attempts of the timeout that is armed, and why the last one failed.
 *   A name without `timeout_at` is a dead letter: every version leaves it alone.
 * - `parked_message.ordering_key`: the instance that a message of a saga is for; null for other consumers, and where no
 *   version that can read the message has told it yet. Messages of an instance come by `ordering_rank`, then in the order
 *   in which they were parked; 0 is one that begins the instance.
 */
class SagaOrder1700000000003 implements MigrationInterface {
  readonly name = 'SagaOrder1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE saga ADD COLUMN timeout_attempts int NOT NULL DEFAULT 0, ADD COLUMN timeout_error text;
      CREATE INDEX saga_done ON saga (ended_at) WHERE status = 'done';
      ALTER TABLE parked_message ADD COLUMN ordering_key text, ADD COLUMN ordering_rank smallint NOT NULL DEFAULT 1;
      CREATE INDEX parked_message_order ON parked_message (consumer, ordering_key, ordering_rank, id)
        WHERE ordering_key IS NOT NULL;
      CREATE INDEX parked_message_unordered ON parked_message (consumer, key, seq) WHERE ordering_key IS NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX parked_message_order, parked_message_unordered;
      ALTER TABLE parked_message DROP COLUMN ordering_key, DROP COLUMN ordering_rank;
      DROP INDEX saga_done;
      ALTER TABLE saga DROP COLUMN timeout_attempts, DROP COLUMN timeout_error;
    `);
  }
}

/**
 * What a command said apart from defaults; who may repeat it; and since when each module holds messages that may repeat
 * commands here. A row that an older version writes counts as repeatable by a message, which keeps it for longer.
 */
class RepeatedCommands1700000000004 implements MigrationInterface {
  readonly name = 'RepeatedCommands1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE command_outcome
        ADD COLUMN content text,
        ADD COLUMN repeated_by text NOT NULL DEFAULT 'message';
      CREATE INDEX command_outcome_client_age ON command_outcome (created_at) WHERE repeated_by = 'client';
      CREATE TABLE message_holder (
        module      text PRIMARY KEY,
        oldest_at   timestamptz,
        reported_at timestamptz NOT NULL DEFAULT now()
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE message_holder;
      DROP INDEX command_outcome_client_age;
      ALTER TABLE command_outcome DROP COLUMN content, DROP COLUMN repeated_by;
    `);
  }
}

/**
 * What a process was at when it died: at which position a loop handled its first batch, or a message alone; and how often
 * a parked message was begun without an end. A version that does not know them leaves them alone.
 */
class UnfinishedWork1700000000006 implements MigrationInterface {
  readonly name = 'UnfinishedWork1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE consumer_progress ADD COLUMN begun jsonb;
      ALTER TABLE parked_message ADD COLUMN begun int NOT NULL DEFAULT 0, ADD COLUMN claimed_until timestamptz;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE parked_message DROP COLUMN begun, DROP COLUMN claimed_until;
      ALTER TABLE consumer_progress DROP COLUMN begun;
    `);
  }
}

/**
 * How far each consumer has ever been, as it was reported: `position` follows the consumer's tables when these are lost or
 * come from a backup; `heard` does not, so that the consumer is told. A version that does not know it leaves it alone.
 */
class HeardMessages1700000000008 implements MigrationInterface {
  readonly name = 'HeardMessages1700000000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE outbox_reader ADD COLUMN heard jsonb NOT NULL DEFAULT '[]';
      UPDATE outbox_reader SET heard = jsonb_build_array(jsonb_build_object('part', 0, 'of', 1, 'position', position))
       WHERE position < 9223372036854775807;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE outbox_reader DROP COLUMN heard');
  }
}

/**
 * A hash of the person of whom a command speaks, so that an erasure finds what is remembered of it. Rows that an older
 * version writes have none: they go with their age.
 */
class ErasableOutcomes1700000000009 implements MigrationInterface {
  readonly name = 'ErasableOutcomes1700000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE command_outcome ADD COLUMN subject text;
      CREATE INDEX command_outcome_subject ON command_outcome (subject) WHERE subject IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE command_outcome DROP COLUMN subject');
  }
}

/**
 * Commands that are sent later, and schedules. Due times are this server's clock, moved by `clock_offset`: by nothing, but
 * in specs, which turn it. A version that does not know them leaves them alone.
 *
 * - `schedule.plan`: the plan by which `due_at` was reckoned; `owed`: a run that was missed is to be made up for; `run_seq`:
 *   the command of the last run in the outbox.
 */
class DueWork1700000000010 implements MigrationInterface {
  readonly name = 'DueWork1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION clock_offset() RETURNS interval LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT interval '0' $$;
      CREATE TABLE delayed_command (
        id            uuid PRIMARY KEY,
        aggregatetype text NOT NULL,
        aggregateid   text NOT NULL,
        type          text NOT NULL,
        payload       jsonb NOT NULL,
        headers       jsonb NOT NULL,
        due_at        timestamptz NOT NULL,
        stored_at     timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX delayed_command_due ON delayed_command (due_at);
      CREATE TABLE schedule (
        name        text PRIMARY KEY,
        plan        text NOT NULL,
        due_at      timestamptz NOT NULL,
        owed        boolean NOT NULL DEFAULT false,
        run_seq     bigint,
        last_run_at timestamptz
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE schedule, delayed_command; DROP FUNCTION clock_offset()');
  }
}

/** What operators did, and why; written in the transaction of what they did. An older process does not write it. */
class OperatorActions1700000000011 implements MigrationInterface {
  readonly name = 'OperatorActions1700000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE operator_action (
        id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at      timestamptz NOT NULL DEFAULT now(),
        by_whom text NOT NULL,
        action  text NOT NULL,
        what    text NOT NULL,
        reason  text NOT NULL
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE operator_action');
  }
}

/**
 * Timeouts of sagas that run beside the one in the row of the instance. They go with the instance. A version that does not know
 * them leaves them alone, for one that does.
 *
 * - `due_at`: null for a dead letter.
 */
class NamedTimeouts1700000000012 implements MigrationInterface {
  readonly name = 'NamedTimeouts1700000000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE named_timeout (
        saga         text NOT NULL,
        id           text NOT NULL,
        name         text NOT NULL,
        due_at       timestamptz,
        attempts     int NOT NULL DEFAULT 0,
        error        text,
        headers      jsonb,
        PRIMARY KEY (saga, id, name),
        FOREIGN KEY (saga, id) REFERENCES saga ON DELETE CASCADE
      );
      CREATE INDEX named_timeout_due ON named_timeout (due_at) WHERE due_at IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE named_timeout');
  }
}

/** Those of every module, before its own. */
export const PLATFORM_MIGRATIONS = [
  PlatformTables1700000000000,
  SagaHeaders1700000000001,
  ConsumerTypes1700000000002,
  SagaOrder1700000000003,
  RepeatedCommands1700000000004,
  UnfinishedWork1700000000006,
  HeardMessages1700000000008,
  ErasableOutcomes1700000000009,
  DueWork1700000000010,
  OperatorActions1700000000011,
  NamedTimeouts1700000000012,
] as const;
