/** The provider's requests, devices, lexicons and replay store, on the shards of the authorization actor. */
import { randomUUID } from 'node:crypto'
import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import type {
  DeviceData,
  DeviceStore,
  LexiconData,
  LexiconStore,
  ReplayStore,
  RequestData,
  RequestStore,
} from '@atproto/oauth-provider/store'
import type { StoredRequest } from '#src/authorization/requests.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { withMember, withoutMember } from '#src/gateway/oauth/acting-parameters.ts'
import { actingAs } from '#src/gateway/oauth/member-account-area.ts'
import { busyOr, withOAuthErrors } from '#src/gateway/oauth/oauth-errors.ts'
import type { AttemptLimiter } from '#src/gateway/oauth/provider.ts'
import type { CodeOf } from '#src/gateway/oauth/repeated-consent.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { hashSecret, shardOf } from '#src/gateway/oauth/shards.ts'

/** What an address is counted as, such as its network; undefined for one without bounds. */
export type FindCountedAddress = (address: string) => string | undefined

type ShardDispatch = Pick<Dispatch, 'authorization'>

/** Of the browsers' User-Agent, which is stored and shown on the account page. */
export const MAX_USER_AGENT_LENGTH = 300
const MAX_STATE_LENGTH = 2048
const MAX_REQUEST_LENGTH = 16 * 1024
/** Permission sets; those of Bluesky have some 2 KB. */
const MAX_LEXICON_LENGTH = 100_000
const MAX_REPLAY_TTL_MS = 2 * 24 * 60 * 60 * 1000
/** How long a code is remembered, so that its reuse is recognized. */
export const CODE_TTL_MS = 24 * 60 * 60 * 1000

export function requestStore(
  dispatch: ShardDispatch,
  countedAddress: FindCountedAddress,
  codeOf: CodeOf,
  remember: (deviceId: string, group: string, member: string) => Promise<void>,
): RequestStore {
  const shard = (name: string) => shardOf(dispatch, name)
  return {
    async createRequest(id, pushed) {
      const data = { ...pushed, parameters: withoutMember(pushed.parameters) }
      const { parameters } = data
      if ((parameters.state?.length ?? 0) > MAX_STATE_LENGTH) {
        throw new InvalidRequestError('The state is too long')
      }
      const stored = storedOf(data)
      const { ip } = requestContext().client
      if (stored.data.length + stored.parameters.length > MAX_REQUEST_LENGTH) {
        throw new InvalidRequestError('The authorization request is too large')
      }
      await shard(id)
        .requests.create({ id, ...stored, address: ip && countedAddress(ip) })
        .catch(busyOr)
    },
    readRequest: async (id) => {
      const stored = await shard(id).requests.read({ id })
      return stored && requestOf(stored, null)
    },
    async updateRequest(id, { code, did, deviceId, expiresAt, parameters: authorized }) {
      const acting = did ? actingAs(did) : undefined
      const parameters = authorized && acting ? withMember(authorized, acting.member) : authorized
      if (did && acting) {
        await withOAuthErrors(() => remember(acting.deviceId, did, acting.member))
      }
      const issued = code && did ? codeOf(id, did) : code
      if (issued && did) {
        const name = { hash: hashSecret(issued), did, requestId: id, ttlMs: CODE_TTL_MS }
        await shard(issued).tokenIndex.put(name)
      }
      const changes = {
        ...(issued !== undefined && { codeHash: issued && hashSecret(issued) }),
        ...(did !== undefined && { did }),
        ...(deviceId !== undefined && { deviceId }),
        ...(expiresAt !== undefined && { expiresAt: expiresAt.getTime() }),
        ...(parameters !== undefined && { parameters: JSON.stringify(parameters) }),
      }
      await withOAuthErrors(() => shard(id).requests.update({ id, ...changes }))
    },
    deleteRequest: (id) => shard(id).requests.remove({ id }),
    async consumeRequestCode(code) {
      const codeHash = hashSecret(code)
      const found = await shard(code).tokenIndex.find({ hash: codeHash })
      const id = found?.requestId
      if (id == null) return null
      const attempt = randomUUID()
      const stored = await shard(id).requests.consume({ id, codeHash, attempt })
      return stored && { requestId: id as `req-${string}`, data: requestOf(stored, code) }
    },
  }
}

function storedOf(data: RequestData): StoredRequest {
  const { clientId, clientAuth, parameters, deviceId, did, code, expiresAt } = data
  return {
    data: JSON.stringify({ clientId, clientAuth }),
    parameters: JSON.stringify(parameters),
    deviceId,
    did,
    codeHash: code && hashSecret(code),
    expiresAt: expiresAt.getTime(),
  }
}

/** Only a code's hash is stored. `code` is the code itself if the caller presented it; otherwise the hash stands in. */
function requestOf(stored: StoredRequest, code: RequestData['code']): RequestData {
  const { data, parameters, deviceId, did, codeHash, expiresAt } = stored
  return {
    ...(JSON.parse(data) as Pick<RequestData, 'clientId' | 'clientAuth'>),
    parameters: JSON.parse(parameters) as RequestData['parameters'],
    deviceId: deviceId as RequestData['deviceId'],
    did: did as RequestData['did'],
    code: code ?? (codeHash as RequestData['code']),
    expiresAt: new Date(expiresAt),
  }
}

export function deviceStore(
  dispatch: ShardDispatch,
  signOut: (did: string, deviceId: string) => Promise<void>,
  limitAttempts: AttemptLimiter,
  countedAddress: FindCountedAddress,
): DeviceStore {
  const devices = (id: string) => shardOf(dispatch, id).devices
  return {
    async createDevice(id, { lastSeenAt, ...data }) {
      await limitAttempts('oauth/device', { address: data.ipAddress, input: {} }).catch(busyOr)
      const device = { id, ...data, lastSeenAt: lastSeenAt.getTime() }
      const accepted = devices(id)
        .create({ ...device, address: countedAddress(data.ipAddress) })
        .catch(busyOr)
      const context = requestContext()
      if (context.startedAt === undefined) return accepted
      // A page also waits for the request's write. They do not wait for each other: whatever uses the device, such as the
      // list of its accounts at the end of a page, waits until the shard has accepted it.
      accepted.catch(() => {})
      context.newDevice = { id, accepted }
    },
    readDevice: async (id) => {
      const device = await devices(id).read({ id })
      return device && deviceOf(device)
    },
    updateDevice: (id, { lastSeenAt, ...data }) =>
      devices(id).update({
        id,
        ...data,
        ...(lastSeenAt !== undefined && { lastSeenAt: lastSeenAt.getTime() }),
      }),
    async deleteDevice(id) {
      const found = await devices(id).readWithAccounts({ id })
      await Promise.all((found?.dids ?? []).map((did) => signOut(did, id)))
      await devices(id).remove({ id })
    },
  }
}

export function deviceOf(device: {
  sessionId: string
  userAgent: string | null
  ipAddress: string
  lastSeenAt: number
}): DeviceData {
  const sessionId = device.sessionId as DeviceData['sessionId']
  return { ...device, sessionId, lastSeenAt: new Date(device.lastSeenAt) }
}

type LexiconJson = Omit<LexiconData, 'createdAt' | 'updatedAt' | 'lastSucceededAt'> &
  Record<'createdAt' | 'updatedAt', number> & { lastSucceededAt: number | null }

export function lexiconStore(dispatch: ShardDispatch): LexiconStore {
  const lexicons = (nsid: string) => shardOf(dispatch, nsid).lexicons
  return {
    async findLexicon(nsid) {
      const json = await lexicons(nsid).find({ nsid })
      if (json === null) return null
      const data = JSON.parse(json) as LexiconJson
      const { createdAt, updatedAt, lastSucceededAt } = data
      return {
        ...data,
        createdAt: new Date(createdAt),
        updatedAt: new Date(updatedAt),
        lastSucceededAt: lastSucceededAt === null ? null : new Date(lastSucceededAt),
      }
    },
    async storeLexicon(nsid, data) {
      const { createdAt, updatedAt, lastSucceededAt } = data
      const times = {
        createdAt: createdAt.getTime(),
        updatedAt: updatedAt.getTime(),
        lastSucceededAt: lastSucceededAt?.getTime() ?? null,
      }
      const json = JSON.stringify({ ...data, ...times })
      if (json.length > MAX_LEXICON_LENGTH) throw new InvalidRequestError(`${nsid} is too long`)
      await lexicons(nsid).store({ nsid, data: json })
    },
    deleteLexicon: (nsid) => lexicons(nsid).remove({ nsid }),
  }
}

export function replayStore(dispatch: ShardDispatch): ReplayStore {
  return {
    unique(namespace, nonce, keptMs) {
      // What an app names as the end of its assertion is far from when that is accepted for the last time.
      const ttlMs = Math.min(keptMs, MAX_REPLAY_TTL_MS)
      const hash = hashSecret(`${namespace} ${nonce}`)
      return shardOf(dispatch, hash).replayStore.isFirstUse({
        hash,
        attempt: randomUUID(),
        ttlMs,
      })
    },
  }
}
