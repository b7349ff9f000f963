/** What docs/delivery.md says before its figures. */
export const HEAD = `# Delivery

Written by \`npm run evidence\`; do not edit it here (\`test/support/evidence/report-head.ts\`).

## What is guaranteed

- **Nothing is lost.** What a command publishes or sends commits with its state, or not at all. What has committed reaches every
  subscriber, whatever is killed in between.
- **Nothing happens twice.** The effect of a message and the progress of its consumer are one transaction. A command with an
  idempotency key has one effect however often it is repeated.
- **In order** per aggregate, over all event types of its producer. A message that fails holds up those of its own aggregate, no others.
- **Outside calls happen at least once**, always with the same message id to use as idempotency key, and have one recorded result.
- Not guaranteed: an order between aggregates, and anything of writes that a handler does past its own database.

## How it works

1. The unit of work writes its outbox rows last, in one statement, and sends the \`COMMIT\` with it.
2. Numbers are given before the commit, so what is visible may have gaps that fill up later. The watch of an outbox reads the
   highest number, and _then_ who is writing (\`pg_locks\`). When those have ended, everything up to that number is settled: a reader
   never goes beyond it. No row is marked, updated or deleted.
3. A consumer reads settled rows in order, a batch at a time: lock the progress row, handle, advance, commit. A replica that comes
   second finds the row locked or moved. After a crash the transaction is there as a whole or not at all.
   With \`@Subscription({ partitions: 4 })\` there are four such rows, each with the messages of some of the keys: four batches at a
   time, in one process or several, each aggregate in order. The number may change from one version to the next.
   The row also says which types it covers. A version that knows more extends the set, and hears first what others had passed; one that
   knows less sets aside what it does not know, for a version that does.
4. If a batch fails, its messages are tried one by one; one that fails is put aside in the consumer's own work table, with those
   that follow on it, and tried again with growing pauses; in the end it is a dead letter, which stays until somebody decides.
5. Handlers that call the outside get their messages from that table, under a lease of six seconds that is renewed while a call runs.
6. Sagas decide, save and send in the transaction of the message; what follows on a start that failed waits for its instance, whichever
   producer it is of. Their timeouts are rows, with attempts and dead letters as messages have.
7. Others are woken by \`NOTIFY\`, outside of business transactions; each second everybody looks by itself.

## How it is tried

Each run is a process of its own (\`test/support/evidence/worker.ts\`) with a producer and a consumer module on a real PostgreSQL: 64
commands from eight clients, a fifth of them rolled back, four sagas of three steps, six consumers (one by one, batches, pipelined, of two types,
failing again and again, calling the outside). The driver's \`query\` is patched in that process, nowhere else: at the n-th statement
that belongs to a point, n drawn from the seed, it gets SIGKILL or loses its connection, before the statement is sent, when it was sent,
or when it was answered and nobody has heard of it. Another process (after a cut: the same one) takes over and repeats all commands
with their keys. Then the whole history is judged: state, outbox, effects of each consumer, steps of the sagas, calls; and again when all
runs are over. Where the point has to do with outside calls, the leases of the dead are waited for; elsewhere they are ended by hand.

\`npm test\` runs a sample, another one each day. One run again: \`npm run evidence -- --only '^killed, batch: COMMIT, sent$' --runs 1
--seed N\`. The seed fixes what is done and where it is struck; how the work of the processes interleaves it cannot fix.
`;
