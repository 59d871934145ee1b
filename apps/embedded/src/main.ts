import { runEmbedded } from './embedded.ts';

process.exitCode = await runEmbedded();
