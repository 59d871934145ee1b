import type { Reason } from '@switchyard/domain';
import { type Sayer, WHO_SAYS } from './settings.ts';

/** What detection has decided so far, and what people should be warned of. */
export class Decisions {
  readonly reasons: Reason[] = [];
  readonly warnings: string[] = [];

  because(subject: string, choice: string, because: string, decider: Reason['decider'] = 'detected'): void {
    this.reasons.push({ subject, choice, decider, because });
  }

  /** What a person has decided, in the file or in the app's settings. */
  said(subject: string, choice: string, sayer: Sayer): void {
    this.because(subject, choice, WHO_SAYS[sayer], sayer);
  }

  warn(warning: string): void {
    if (!this.warnings.includes(warning)) this.warnings.push(warning);
  }
}
