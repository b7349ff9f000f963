import { start } from './host.js';

await start(process.env);
