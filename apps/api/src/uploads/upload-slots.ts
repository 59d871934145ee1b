import { LIMITS, SwitchyardError } from '@switchyard/domain';

/** Uploads that this api takes at once. */
export interface UploadSlots {
  /** Does what needs a slot. Rejects with `too-many-uploads` when none is free. */
  use<Value>(act: () => Promise<Value>): Promise<Value>;
}

export function uploadSlots(): UploadSlots {
  let underWay = 0;
  return {
    async use(act) {
      if (underWay >= LIMITS.maxUploadsUnderWay)
        throw new SwitchyardError(
          'too-many-uploads',
          `${LIMITS.maxUploadsUnderWay} uploads are under way, which is the most. Try again when one is through.`,
        );
      underWay += 1;
      try {
        return await act();
      } finally {
        underWay -= 1;
      }
    },
  };
}
