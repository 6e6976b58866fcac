/** The steps of a migration from one server to another, as migration tools do them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { expect } from 'vitest'
import type { TestServer } from '#tests/support/server.ts'

export const carType = 'application/vnd.ipld.car'

/**
 * The code in the newest mail to this address, from the folder in which a development server keeps mails.
 */
export async function emailedCode(server: TestServer, address: string): Promise<string> {
  const folder = join(server.dir, 'mail')
  const find = () => {
    const texts = readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name), 'utf8'))
    const mail = texts.findLast((text) => text.includes(`To: ${address}`))
    return mail && /^[A-Z2-7]{5}-[A-Z2-7]{5}$/m.exec(mail.replaceAll('\r', ''))?.[0]
  }
  await expect.poll(find).toBeDefined()
  return find()!
}

/** A service token of the agent's account for `createAccount` at another server. */
export async function createAccountToken(
  agent: AtpAgent,
  aud: string,
  lxm?: string,
): Promise<string> {
  const { data } = await agent.com.atproto.server.getServiceAuth({
    aud,
    lxm: lxm ?? 'com.atproto.server.createAccount',
  })
  return data.token
}

/** Creates the account at the new server; returns an agent that is logged in there. */
export async function createMigratedAccount(
  { url }: { url: string },
  token: string,
  input: { did: string; handle: string; email: string; password?: string },
): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: url })
  const headers = { authorization: `Bearer ${token}` }
  const { data } = await agent.com.atproto.server.createAccount(input, { headers })
  await agent.resumeSession({ ...data, active: false })
  return agent
}

/** Copies the repo, and then the blobs that are missing. */
export async function moveContents(from: AtpAgent, to: AtpAgent, did: string): Promise<void> {
  const { data: car } = await from.com.atproto.sync.getRepo({ did })
  await to.com.atproto.repo.importRepo(car, { encoding: carType })
  for (let cursor: string | undefined; ; ) {
    const { data } = await to.com.atproto.repo.listMissingBlobs({
      limit: 2,
      ...(cursor && { cursor }),
    })
    for (const { cid } of data.blobs) {
      const blob = await from.com.atproto.sync.getBlob({ did, cid })
      await to.com.atproto.repo.uploadBlob(blob.data, { encoding: blob.headers['content-type']! })
    }
    if (!data.cursor) return
    cursor = data.cursor
  }
}

/** The old server signs the operation that points the DID to the new one, which submits it. */
export async function moveDid(
  from: AtpAgent,
  to: AtpAgent,
  code: () => Promise<string>,
): Promise<void> {
  await from.com.atproto.identity.requestPlcOperationSignature()
  const { data: credentials } = await to.com.atproto.identity.getRecommendedDidCredentials()
  const token = await code()
  const signed = await from.com.atproto.identity.signPlcOperation({ token, ...credentials })
  await to.com.atproto.identity.submitPlcOperation({ operation: signed.data.operation })
}

/** Status, error and message of a rejected call. */
export async function rejection(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => 'not refused',
    ({ status, error, message }) => ({ status, error, message }),
  )
}

/** The did:key of a did:plc's repo. */
export async function signingKeyOf(did: string, plcUrl: string): Promise<string> {
  const answer = await fetch(`${plcUrl}/${did}/data`)
  const data = (await answer.json()) as { verificationMethods: { atproto: string } }
  return data.verificationMethods.atproto
}
