import { Delivery, DeliveryCause } from '@switchyard/domain';
import { z } from 'zod';

/** A new webhook secret, shown this once, and the URL to enter at each forge. */
export const WebhookSecret = z
  .object({
    secret: z.string(),
    urls: z.object({ github: z.string(), gitlab: z.string(), gitea: z.string() }),
  })
  .meta({ id: 'WebhookSecret' });
export type WebhookSecret = z.infer<typeof WebhookSecret>;

/** What a forge is told of a delivery that deploys nothing. */
export const IgnoredDelivery = z
  .object({
    /** Why, for people. */
    ignored: z.string(),
    cause: DeliveryCause,
  })
  .meta({ id: 'IgnoredDelivery' });
export type IgnoredDelivery = z.infer<typeof IgnoredDelivery>;

export const DeliveryView = Delivery.omit({ v: true }).meta({ id: 'Delivery' });
export type DeliveryView = z.infer<typeof DeliveryView>;

export const DeliveryList = z.object({ deliveries: z.array(DeliveryView) }).meta({ id: 'DeliveryList' });
export type DeliveryList = z.infer<typeof DeliveryList>;
