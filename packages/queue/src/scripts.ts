import type { Redis } from 'ioredis';
import { ACCEPT } from './lua/accept.ts';
import { APPEND_LOG } from './lua/append-log.ts';
import { CREATE_APP, REMOVE_APP } from './lua/apps.ts';
import { BEAT } from './lua/beat.ts';
import { BEGIN } from './lua/begin.ts';
import { CANCEL } from './lua/cancel.ts';
import { CLAIM } from './lua/claims.ts';
import { LOCK_DATABASES } from './lua/database-lock.ts';
import { ADD_DOMAIN, REMOVE_DOMAIN, SERVE_DOMAIN } from './lua/domains.ts';
import { FINISH } from './lua/finish.ts';
import { BEGIN_REQUEST, FORGET_REQUEST, KEEP_ANSWER } from './lua/idempotency.ts';
import { DESIRE_INSTANCES, DRAIN_INSTANCES, WITHDRAW_INSTANCES } from './lua/instances.ts';
import { RESIGN } from './lua/leaders.ts';
import { MOVE_ROUTE } from './lua/move-route.ts';
import { ADVANCE_ONE_OFF, DESIRE_ONE_OFF } from './lua/one-offs.ts';
import { APPEND_OUTPUT, ARCHIVED_OUTPUT, FORGET_OUTPUT } from './lua/output.ts';
import { PRELUDE } from './lua/prelude.ts';
import { PUT_ENDPOINT } from './lua/put-endpoint.ts';
import { PUT_RELEASE } from './lua/put-release.ts';
import { PIN_RELEASE, REMOVE_RELEASE } from './lua/releases.ts';
import { SCALE_ENVIRONMENT, STOP_ENVIRONMENT } from './lua/scale.ts';
import { REPLACE_SETTINGS } from './lua/settings.ts';
import { SET_SOURCE_CREDENTIAL } from './lua/source-credentials.ts';
import { RELEASE_HOLD, REWAKE, SWEEP } from './lua/sweep.ts';
import { TAKE_OVER } from './lua/take-over.ts';
import { CREATE_TEAM, ENSURE_TEAM, REMOVE_TEAM, RENAME_TEAM, RENEW_TEAM_TOKEN, SET_LIMITS } from './lua/teams.ts';
import { TURN_BACK } from './lua/turn-back.ts';
import { PRUNE_UPLOADS, PUT_UPLOAD } from './lua/uploads.ts';
import { REMOVE_VARIABLES, SET_VARIABLES } from './lua/variables.ts';
import { WAIT } from './lua/wait.ts';
import { RENEW_WEBHOOK } from './lua/webhooks.ts';

const SCRIPTS = {
  accept: ACCEPT,
  addDomain: ADD_DOMAIN,
  advanceOneOff: ADVANCE_ONE_OFF,
  appendLog: APPEND_LOG,
  appendOutput: APPEND_OUTPUT,
  archivedOutput: ARCHIVED_OUTPUT,
  beat: BEAT,
  begin: BEGIN,
  beginRequest: BEGIN_REQUEST,
  cancel: CANCEL,
  claim: CLAIM,
  createApp: CREATE_APP,
  createTeam: CREATE_TEAM,
  desireInstances: DESIRE_INSTANCES,
  desireOneOff: DESIRE_ONE_OFF,
  drainInstances: DRAIN_INSTANCES,
  ensureTeam: ENSURE_TEAM,
  finish: FINISH,
  forgetOutput: FORGET_OUTPUT,
  forgetRequest: FORGET_REQUEST,
  keepAnswer: KEEP_ANSWER,
  lockDatabases: LOCK_DATABASES,
  moveRoute: MOVE_ROUTE,
  pinRelease: PIN_RELEASE,
  putEndpoint: PUT_ENDPOINT,
  pruneUploads: PRUNE_UPLOADS,
  putRelease: PUT_RELEASE,
  putUpload: PUT_UPLOAD,
  releaseHold: RELEASE_HOLD,
  removeApp: REMOVE_APP,
  removeDomain: REMOVE_DOMAIN,
  removeRelease: REMOVE_RELEASE,
  removeTeam: REMOVE_TEAM,
  removeVariables: REMOVE_VARIABLES,
  renameTeam: RENAME_TEAM,
  renewTeamToken: RENEW_TEAM_TOKEN,
  renewWebhook: RENEW_WEBHOOK,
  replaceSettings: REPLACE_SETTINGS,
  resign: RESIGN,
  rewake: REWAKE,
  serveDomain: SERVE_DOMAIN,
  scale: SCALE_ENVIRONMENT,
  setLimits: SET_LIMITS,
  setSourceCredential: SET_SOURCE_CREDENTIAL,
  setVariables: SET_VARIABLES,
  stop: STOP_ENVIRONMENT,
  sweep: SWEEP,
  wait: WAIT,
  takeOver: TAKE_OVER,
  turnBack: TURN_BACK,
  withdrawInstances: WITHDRAW_INSTANCES,
} as const;

export type ScriptName = keyof typeof SCRIPTS;

/** Runs a script by name; the answer is parsed by whoever asked. */
export type RunScript = (name: ScriptName, now: number, ...args: readonly (string | number)[]) => Promise<unknown>;

/** Another text for a script, or for the prelude of them all: the planted faults of the simulation, nothing else. */
export type ChangeScript = (name: ScriptName | 'prelude', lua: string) => string;

/** Loads the scripts into a connection (EVALSHA, with EVAL where Redis has forgotten them). */
export function loadScripts(redis: Redis, base: string, change: ChangeScript = (_name, lua) => lua): RunScript {
  defineScripts(redis, change);
  return scriptsOf(redis, base);
}

/** Once per connection, whatever prefixes are used on it. */
export function defineScripts(redis: Redis, change: ChangeScript): void {
  const prelude = change('prelude', PRELUDE);
  for (const name of Object.keys(SCRIPTS).filter(isScriptName)) {
    const lua = `${prelude}\n${change(name, SCRIPTS[name])}`;
    redis.defineCommand(`sy_${name}`, { numberOfKeys: 1, lua });
  }
}

export function scriptsOf(redis: Redis, base: string): RunScript {
  return async (name, now, ...args) => {
    const command: unknown = Reflect.get(redis, `sy_${name}`);
    if (typeof command !== 'function') throw new Error(`no script ${name}`);
    const answer: unknown = await Reflect.apply(command, redis, [base, now, ...args]);
    return answer;
  };
}

function isScriptName(name: string): name is ScriptName {
  return name in SCRIPTS;
}
