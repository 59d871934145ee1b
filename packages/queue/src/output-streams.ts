import type { DeploymentId, EnvironmentId, HostId, InstanceId, OutputCursor, OutputEvent } from '@switchyard/domain';
import type { Unsubscribe } from './store.ts';

/** Whose output it is, and where it was printed. */
export interface OutputSource {
  readonly environmentId: EnvironmentId;
  readonly hostId: HostId;
  readonly instanceId: InstanceId;
  readonly deploymentId: DeploymentId;
}

export interface OutputBatch extends Pick<OutputEvent, 'at' | 'droppedLines'> {
  readonly lines: readonly string[];
  /** The cursor before these lines and after them. */
  readonly from: OutputCursor | null;
  readonly to: OutputCursor;
}

/** What live instances print, per environment: a live tail here, everything older in blobs. */
export interface OutputStreams {
  /**
   * Keeps lines, moves the cursor, and tells followers, all in one step, so that no line is kept twice. `elsewhere`: the cursor is not at
   * `from`. `gone`: the environment or the deployment is.
   */
  append(
    source: OutputSource,
    batch: OutputBatch,
  ): Promise<
    | { readonly answer: 'appended'; readonly unarchivedBytes: number }
    | { readonly answer: 'elsewhere'; readonly cursor: OutputCursor | null }
    | { readonly answer: 'gone' }
  >;
  cursor(source: Pick<OutputSource, 'hostId' | 'instanceId'>): Promise<OutputCursor | null>;
  /** The instance is gone for good. */
  forget(source: Pick<OutputSource, 'hostId' | 'instanceId'>): Promise<void>;
  /** Ids of the last event and of the last one in blobs; 0 where there is none. */
  position(id: EnvironmentId): Promise<{ last: number; archived: number }>;
  /** Events up to and including `upTo`, of so many bytes, are in blobs. */
  archived(id: EnvironmentId, upTo: number, bytes: number): Promise<void>;
  /** Events after `afterId` that are still here, in order. */
  read(id: EnvironmentId, afterId: number): Promise<OutputEvent[]>;
  /** Live events; one Redis subscription per environment and process, shared. 'reread' after a reconnect, and when the tail was taken away. */
  subscribe(id: EnvironmentId, listener: (event: OutputEvent | 'reread') => void): Promise<Unsubscribe>;
}
