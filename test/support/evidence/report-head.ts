/** What docs/evidence.md says before its figures. */
export const HEAD = `# Evidence

Written by \`npm run evidence\`; do not edit it here (\`test/support/evidence/report-head.ts\`). What is guaranteed, and how it works, is on the page
[Delivery](delivery.md).

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
