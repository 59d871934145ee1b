import type { Reason } from '@switchyard/domain';

/** What detection has decided so far, and what people should be warned of. */
export class Decisions {
  readonly reasons: Reason[] = [];
  readonly warnings: string[] = [];

  because(subject: string, choice: string, because: string, decider: Reason['decider'] = 'detected'): void {
    this.reasons.push({ subject, choice, decider, because });
  }

  warn(warning: string): void {
    if (!this.warnings.includes(warning)) this.warnings.push(warning);
  }
}
