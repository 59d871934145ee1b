import { type Provider, SwitchyardError } from '@switchyard/domain';
import type { Request } from 'express';
import { z } from 'zod';

const NAMES: Readonly<Record<Provider, { readonly event: string; readonly id: string }>> = {
  github: { event: 'X-GitHub-Event', id: 'X-GitHub-Delivery' },
  gitea: { event: 'X-Gitea-Event', id: 'X-Gitea-Delivery' },
  gitlab: { event: 'X-Gitlab-Event', id: 'X-Gitlab-Event-UUID' },
};

const Event = z.string().regex(/^[\w .-]{1,64}$/);
const Id = z.string().regex(/^[\w.-]{1,100}$/);

/** Event and delivery id of a signed delivery; an older GitLab sends no id. */
export function deliveryHeaders(provider: Provider, request: Request): { event: string; id: string | null } {
  const names = NAMES[provider];
  const event = Event.safeParse(request.get(names.event));
  if (!event.success) throw new SwitchyardError('invalid-input', `The header ${names.event} names the event.`);
  const given = request.get(names.id);
  if (given === undefined) return { event: event.data, id: null };
  const id = Id.safeParse(given);
  if (!id.success) throw new SwitchyardError('invalid-input', `The header ${names.id} is not the id of a delivery.`);
  return { event: event.data, id: id.data };
}
