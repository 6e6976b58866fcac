/** Accounts on a server that is compared, in each state. */
import type { Account } from './account.ts'
import { type ExternalAccount, migrateIn } from './external-account.ts'
import type { RecordingClient } from './recording-client.ts'
import { adminAuthorization } from './services.ts'
import { signedToken } from './signed-token.ts'

export const accountStates = ['active', 'deactivated', 'takendown', 'deleted', 'imported'] as const
export type AccountState = (typeof accountStates)[number]

/** Creates an account; its DID is shown as `<name>` from now on. */
export async function createAccount(visitor: RecordingClient, name: string): Promise<Account> {
  const [handle, email] = [`${name}.test`, `${name}@example.com`]
  const password = `password of ${name}`
  const { body } = await visitor.prepare('com.atproto.server.createAccount', {
    body: { handle, email, password },
  })
  visitor.placeholders.set(body.did, `<${name}>`)
  const [access, refresh] = [`Bearer ${body.accessJwt}`, `Bearer ${body.refreshJwt}`]
  return { did: body.did, handle, email, password, access, refresh }
}

/** Creates an account in this state, with tokens from before it got there. */
export async function accountInState(
  visitor: RecordingClient,
  state: AccountState,
  name: string,
): Promise<Account> {
  if (state === 'imported')
    return migrateIn(visitor, name).then(({ account }: ExternalAccount) => account)
  const person = await createAccount(visitor, name)
  await writeRecord(visitor, person, 'one')
  if (state === 'deactivated') {
    const method = 'com.atproto.server.deactivateAccount'
    await visitor.prepare(method, { as: person.access, body: {} })
  } else if (state === 'takendown') {
    await takeDown(visitor, person.did, true)
  } else if (state === 'deleted') {
    const body = { did: person.did }
    await visitor.prepare('com.atproto.admin.deleteAccount', { as: adminAuthorization, body })
  }
  return person
}

export async function takeDown(
  visitor: RecordingClient,
  did: string,
  applied: boolean,
): Promise<void> {
  await visitor.prepare('com.atproto.admin.updateSubjectStatus', {
    as: adminAuthorization,
    body: { subject: repoRef(did), takedown: { applied, ref: 'case 1' } },
  })
}

export const repoRef = (did: string) => ({ $type: 'com.atproto.admin.defs#repoRef', did })

/** Writes a record without a lexicon. */
export async function writeRecord(
  visitor: RecordingClient,
  { did, access }: Account,
  rkey: string,
) {
  const record = { $type: 'com.example.thing', text: `the ${rkey}` }
  const body = { repo: did, collection: 'com.example.thing', rkey, record }
  return (await visitor.prepare('com.atproto.repo.createRecord', { as: access, body })).body
}

/** The Authorization header of the narrow session that an account has after its takedown. */
export function takendownToken({ did }: Pick<Account, 'did'>): string {
  return signedToken({ scope: 'com.atproto.takendown', sub: did })
}
