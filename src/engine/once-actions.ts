/** Actions that must run once: a call of one has an idempotency key, so that it can be repeated. */
import { randomUUID } from 'node:crypto'
import type { AccountActions } from '#actors/actions/account.ts'
import type { AuthorizationActions } from '#actors/actions/authorization.ts'
import type { ChannelsActions } from '#actors/actions/channels.ts'
import type { DirectoryActions } from '#actors/actions/directory.ts'
import type { LimiterActions } from '#actors/actions/limiter.ts'
import type { SequencerActions } from '#actors/actions/sequencer.ts'
import type { TenantActions } from '#actors/actions/tenant.ts'
import type { WebhooksActions } from '#actors/actions/webhooks.ts'
import type { IdempotencyKey, OnceNames } from '#src/rules/actions.ts'

/** The compiler compares each list with the declarations: a name that is missing, or is declared otherwise, is a type error. */
const once: {
  account: Record<OnceNames<AccountActions>, true>
  directory: Record<OnceNames<DirectoryActions>, true>
  sequencer: Record<OnceNames<SequencerActions>, true>
  limiter: Record<OnceNames<LimiterActions>, true>
  authorization: Record<OnceNames<AuthorizationActions>, true>
  channels: Record<OnceNames<ChannelsActions>, true>
  tenant: Record<OnceNames<TenantActions>, true>
  webhooks: Record<OnceNames<WebhooksActions>, true>
} = {
  account: {
    'repo.createRecord': true,
    'repo.putRecord': true,
    'repo.deleteRecord': true,
    'repo.applyWrites': true,
    'session.createSession': true,
    'session.endAll': true,
    'email.requestToken': true,
    'email.requestUpdate': true,
    'email.confirm': true,
    'email.update': true,
    'email.set': true,
    'claim.use': true,
    'password.set': true,
    'password.reset': true,
    'import.finish': true,
    'archive.finishRestore': true,
    'archive.noteChange': true,
    'identity.requestPlcToken': true,
    'identity.consumePlcToken': true,
    'factors.beginEmail': true,
    'factors.confirmEmail': true,
    'factors.confirmTotp': true,
    'factors.createRecoveryCodes': true,
    'factors.requestCode': true,
    'factors.removeAll': true,
    'page.requestStepCode': true,
    'page.passSecondStep': true,
    'group.convert': true,
    'group.addMember': true,
    'group.updateMember': true,
    'group.removeMember': true,
    'group.putRole': true,
    'group.deleteRole': true,
    'group.createInvite': true,
    'group.revokeInvite': true,
    'group.acceptInvite': true,
    'group.resolveJoinRequest': true,
    'group.offerOwnership': true,
    'group.acceptOwnership': true,
    'group.createSession': true,
    'group.createAppPassword': true,
    'group.revokeAppPassword': true,
    'history.restoreRecords': true,
    'history.restoreRepo': true,
    'history.putSettings': true,
    'history.deleteVersions': true,
    'history.empty': true,
  },
  directory: {},
  sequencer: {},
  limiter: {},
  authorization: {},
  channels: {},
  tenant: {},
  webhooks: {},
}

export type ActorName = keyof typeof once

/** The arguments of a call, with a key if the action must run once. */
export function withKey(actor: ActorName, name: string, args: unknown[]): unknown[] {
  if (!Object.hasOwn(once[actor], name)) return args
  const key: IdempotencyKey = { id: randomUUID(), issuedAt: Date.now() }
  // An input that is left out must not have the key in its place.
  const [input = {}] = args
  return [input, key]
}
