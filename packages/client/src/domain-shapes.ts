import { Domain, LIMITS } from '@switchyard/domain';
import { z } from 'zod';

export const AddDomain = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .max(LIMITS.maxHostLength * 4)
      .meta({ description: 'A name such as shop.example.org, without scheme and port.', example: 'shop.example.org' }),
  })
  .meta({ id: 'NewDomain' });
export type AddDomain = z.infer<typeof AddDomain>;

export const DomainView = Domain.pick({ host: true, createdAt: true, verifiedAt: true })
  .extend({
    /** Where it answers once it is verified. */
    url: z.string(),
    record: z
      .object({ name: z.string(), type: z.literal('TXT'), value: z.string() })
      .meta({ description: 'The DNS record that proves the host.' }),
    file: z
      .object({ url: z.url(), content: z.string() })
      .meta({ description: 'The file that proves it as well, while the host does not lead to the router.' }),
  })
  .meta({ id: 'Domain' });
export type DomainView = z.infer<typeof DomainView>;

export const DomainList = z.object({ domains: z.array(DomainView) }).meta({ id: 'DomainList' });
export type DomainList = z.infer<typeof DomainList>;
