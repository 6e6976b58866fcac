/** Accounts on a server that is compared, in each state. */
import type { Account } from './account.ts'
import { type ExternalAccount, migrateIn } from './external-account.ts'
import type { RecordingClient } from './recording-client.ts'
import { adminAuthorization } from './services.ts'
import { signedToken } from './signed-token.ts'

export const accountStates = ['active', 'deactivated', 'takendown', 'deleted', 'imported'] as const
export type AccountState = (typeof accountStates)[number]

/** Creates an account; its DID is shown as `<name>` from now on. */
export async function createAccount(client: RecordingClient, name: string): Promise<Account> {
  const [handle, email] = [`${name}.test`, `${name}@example.com`]
  const password = `password of ${name}`
  const { body } = await client.prepare('com.atproto.server.createAccount', {
    body: { handle, email, password },
  })
  client.placeholders.set(body.did, `<${name}>`)
  const [access, refresh] = [`Bearer ${body.accessJwt}`, `Bearer ${body.refreshJwt}`]
  return { did: body.did, handle, email, password, access, refresh }
}

/** Creates an account in this state, with tokens from before it got there. */
export async function accountInState(
  client: RecordingClient,
  state: AccountState,
  name: string,
): Promise<Account> {
  if (state === 'imported')
    return migrateIn(client, name).then(({ account }: ExternalAccount) => account)
  const created = await createAccount(client, name)
  await writeRecord(client, created, 'one')
  if (state === 'deactivated') {
    const method = 'com.atproto.server.deactivateAccount'
    await client.prepare(method, { as: created.access, body: {} })
  } else if (state === 'takendown') {
    await takeDown(client, created.did, true)
  } else if (state === 'deleted') {
    const body = { did: created.did }
    await client.prepare('com.atproto.admin.deleteAccount', { as: adminAuthorization, body })
  }
  return created
}

export async function takeDown(
  client: RecordingClient,
  did: string,
  applied: boolean,
): Promise<void> {
  await client.prepare('com.atproto.admin.updateSubjectStatus', {
    as: adminAuthorization,
    body: { subject: repoRef(did), takedown: { applied, ref: 'case 1' } },
  })
}

export const repoRef = (did: string) => ({ $type: 'com.atproto.admin.defs#repoRef', did })

/** Writes a record without a lexicon. */
export async function writeRecord(client: RecordingClient, { did, access }: Account, rkey: string) {
  const record = { $type: 'com.example.thing', text: `the ${rkey}` }
  const body = { repo: did, collection: 'com.example.thing', rkey, record }
  return (await client.prepare('com.atproto.repo.createRecord', { as: access, body })).body
}

/** The Authorization header of the restricted session that an account has after its takedown. */
export function takendownToken({ did }: Pick<Account, 'did'>): string {
  return signedToken({ scope: 'com.atproto.takendown', sub: did })
}
