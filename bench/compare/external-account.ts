/** An account of another server, with a DID, a repo and service tokens, that can migrate in. */
import { randomUUID } from 'node:crypto'
import { didForCreateOp, signOperation } from '@did-plc/lib'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { foreignRepo } from '#tests/support/repo-cars.ts'
import type { Account } from './account.ts'
import type { RecordingClient } from './recording-client.ts'

export interface ExternalAccount {
  did: string
  account: Account
  /** An Authorization header with a service token signed by the account's own key. */
  serviceToken(claims: { lxm?: string; aud?: string; exp?: number }): string
  /** The CAR of the repo at the other server. */
  car: Uint8Array
  /** Publishes a PLC operation that changes the given fields. */
  updateDid(fields: object): Promise<void>
}

/** Creates a deactivated account here, and imports its repo. */
export async function migrateIn(client: RecordingClient, name: string): Promise<ExternalAccount> {
  const external = await createExternalAccount(client, name)
  const { did, account, car } = external
  const { body } = await client.prepare('com.atproto.server.createAccount', {
    as: external.serviceToken({ lxm: 'com.atproto.server.createAccount' }),
    body: { did, handle: account.handle, email: account.email, password: account.password },
  })
  account.access = `Bearer ${body.accessJwt}`
  account.refresh = `Bearer ${body.refreshJwt}`
  const type = { 'content-type': 'application/vnd.ipld.car' }
  const upload = { as: account.access, body: car, headers: type }
  await client.prepare('com.atproto.repo.importRepo', upload)
  return external
}

/** Creates the DID and the repo, and no account here. */
export async function createExternalAccount(
  client: RecordingClient,
  name: string,
): Promise<ExternalAccount> {
  const { key } = newSigningKey()
  const signer = {
    jwtAlg: 'ES256K',
    did: () => key.did(),
    sign: async (bytes: Uint8Array) => key.sign(bytes),
  }
  const fields = {
    type: 'plc_operation' as const,
    rotationKeys: [key.did()],
    verificationMethods: { atproto: key.did() },
    alsoKnownAs: [`at://${name}.test`],
    services: {
      atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://pds.example.com' },
    },
  }
  const first = await signOperation({ ...fields, prev: null }, signer)
  const did = await didForCreateOp(first)
  await publish(client, did, first)
  client.placeholders.set(did, `<${name}>`)
  const record = { $type: 'com.example.thing', text: 'from afar' }
  return {
    did,
    account: {
      did,
      handle: `${name}.test`,
      email: `${name}@example.com`,
      password: `password of ${name}`,
      access: '',
      refresh: '',
    },
    car: foreignRepo({ did, signer: key, records: { 'com.example.thing/one': record } }).car,
    serviceToken({ lxm, aud = 'did:web:localhost', exp }) {
      const now = Math.floor(Date.now() / 1000)
      const jti = randomUUID().replaceAll('-', '')
      return `Bearer ${createServiceToken({ iat: now, iss: did, aud, exp: exp ?? now + 60, lxm, jti }, key)}`
    },
    async updateDid(changes) {
      const last = await fetch(`${client.plcUrl}/${did}/log/audit`).then((r) => r.json())
      const prev = (last as { cid: string }[]).at(-1)!.cid
      await publish(client, did, await signOperation({ ...fields, ...changes, prev }, signer))
    },
  }
}

async function publish(
  { plcUrl }: RecordingClient,
  did: string,
  operation: unknown,
): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(operation)
  const answer = await fetch(`${plcUrl}/${did}`, { method: 'POST', headers, body })
  if (!answer.ok) throw new Error(`PLC: ${await answer.text()}`)
}
