/** Actions on the endpoints of an owner. The caller makes ids and secrets, so that each action may be repeated. */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { DeliveryQueue } from '#src/webhooks/delivery-queue.ts'
import { type Filter, mustBeFilter } from '#src/webhooks/event-filter.ts'
import { mustBeSecret, openSecrets, sealSecret } from '#src/webhooks/secrets.ts'
import {
  type DisabledReason,
  deleteEndpoint,
  type Endpoint,
  saveEndpoint,
} from '#src/webhooks/stored-endpoints.ts'
import type { Webhooks } from '#src/webhooks/webhooks.ts'

/** Times are ISO 8601. */
export interface EndpointView {
  id: string
  url: string
  description: string
  types: string[]
  collections: string[]
  status: 'enabled' | 'disabled'
  disabledReason?: DisabledReason
  createdAt: string
  /** The newest first. */
  secrets: { createdAt: string; expiresAt?: string }[]
  /** Number of deliveries. */
  waiting: number
  oldestWaitingAt?: string
  lastSuccessAt?: string
  failingSince?: string
}

export interface EndpointChange {
  url?: string
  description?: string
  types?: string[]
  collections?: string[]
  enabled?: boolean
}

const MAX_URL_LENGTH = 2_000
const MAX_DESCRIPTION_LENGTH = 300
/** Valid at the same time: another rotation ends the oldest. */
const MAX_SECRETS = 3

export async function list({ endpoints }: Webhooks): Promise<EndpointView[]> {
  return [...endpoints.values()].map(viewOf)
}

/**
 * The endpoint gets events from now on. Throws 400 InvalidUrl, InvalidSecret, UnknownType, InvalidRequest, 413
 * QuotaExceeded.
 */
export async function create(
  webhooks: Webhooks,
  input: { id: string; secret: string; url: string; description: string } & Filter,
): Promise<EndpointView> {
  const { id, secret, url, description, types, collections } = input
  const { ports, mutex, endpoints, bounds } = webhooks
  mustBeSecret(secret)
  await mustBeValid(webhooks, { url, description, types, collections })
  return change(webhooks, () =>
    mutex.run(async () => {
      const known = endpoints.get(id)
      if (known !== undefined) return known
      if (endpoints.size >= bounds.endpoints) {
        throw new XrpcError(413, 'QuotaExceeded', `At most ${bounds.endpoints} webhook endpoints`)
      }
      await ports.setListed(true)
      const { head } = await ports.source.bounds()
      const now = ports.clock.now()
      const endpoint: Endpoint = {
        ...{ id, url, description, types, collections, createdAt: now },
        secrets: [sealSecret(ports.keys, secret, { endpoint: id, now })],
        ...{ disabledAt: null, disabledReason: null, succeededAt: null, failingSince: null },
        ...{ position: head, lastSeq: 0, queue: new DeliveryQueue(), inFlight: 0, failures: 0 },
      }
      await webhooks.store([saveEndpoint(endpoint)])
      endpoints.set(id, endpoint)
      return endpoint
    }),
  )
}

/**
 * What is absent stays. An endpoint that is enabled again gets the events since it was disabled, as far as the log goes
 * back. Throws as `create`, and 400 EndpointNotFound.
 */
export async function update(
  webhooks: Webhooks,
  { id, ...input }: { id: string } & EndpointChange,
): Promise<EndpointView> {
  const { ports, mutex } = webhooks
  const { url, description, types, collections } = { ...webhooks.endpoint(id), ...input }
  await mustBeValid(webhooks, { url, description, types, collections })
  return change(webhooks, () =>
    mutex.run(async () => {
      if (input.enabled === true) await ports.setListed(true)
      const endpoint = webhooks.endpoint(id)
      const next = { ...endpoint, url, description, types, collections }
      if (input.enabled === true) {
        Object.assign(next, { disabledAt: null, disabledReason: null, failingSince: null })
      } else if (input.enabled === false && endpoint.disabledAt === null) {
        Object.assign(next, { disabledAt: ports.clock.now(), disabledReason: 'operator' })
      }
      await webhooks.store([saveEndpoint(next)])
      if (input.enabled === true) endpoint.failures = 0
      const { disabledAt, disabledReason, failingSince } = next
      const state = { disabledAt, disabledReason, failingSince }
      return Object.assign(endpoint, { url, description, types, collections, ...state })
    }),
  )
}

/** Removes its deliveries too. Does nothing for an unknown endpoint. */
export async function remove(webhooks: Webhooks, { id }: { id: string }): Promise<void> {
  const { endpoints, mutex } = webhooks
  await mutex.run(async () => {
    if (!endpoints.has(id)) return
    await webhooks.store(deleteEndpoint(id))
    endpoints.delete(id)
  })
  webhooks.changed()
}

/** The former secrets end after `overlapMs`: until then messages are signed with all of them. */
export async function rotate(
  webhooks: Webhooks,
  { id, secret, overlapMs }: { id: string; secret: string; overlapMs: number },
): Promise<EndpointView> {
  const { ports, mutex } = webhooks
  mustBeSecret(secret)
  return mutex.run(async () => {
    const endpoint = webhooks.endpoint(id)
    const now = ports.clock.now()
    const context = { endpoint: id, now }
    const valid = endpoint.secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    if (openSecrets(ports.keys, valid, context)[0] === secret) return viewOf(endpoint)
    const former = valid.slice(0, MAX_SECRETS - 1).map(({ expiresAt, ...rest }) => {
      return { ...rest, expiresAt: Math.min(expiresAt ?? Infinity, now + overlapMs) }
    })
    const secrets = [sealSecret(ports.keys, secret, context), ...former]
    await webhooks.store([saveEndpoint({ ...endpoint, secrets })])
    return viewOf(Object.assign(endpoint, { secrets }))
  })
}

async function change(webhooks: Webhooks, run: () => Promise<Endpoint>): Promise<EndpointView> {
  const endpoint = await run()
  webhooks.changed()
  return viewOf(endpoint)
}

async function mustBeValid(
  { ports }: Webhooks,
  { url, description, ...filter }: { url: string; description: string } & Filter,
): Promise<void> {
  mustBeFilter(filter)
  if (description.length > MAX_DESCRIPTION_LENGTH) {
    throw invalidRequest(`The description has more than ${MAX_DESCRIPTION_LENGTH} characters`)
  }
  const refusal = url.length > MAX_URL_LENGTH ? 'it is too long' : await refusalOf(ports, url)
  if (refusal !== undefined) throw invalidRequest(`The URL is refused: ${refusal}`, 'InvalidUrl')
}

async function refusalOf(ports: Webhooks['ports'], text: string): Promise<string | undefined> {
  if (!URL.canParse(text)) return 'it is not a URL'
  // Which the parser leaves out, and terminals do not.
  if (/\p{Cc}/u.test(text)) return 'it has control characters'
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return 'it has a user name or a password'
  return ports.refusalOf(url)
}

function viewOf(endpoint: Endpoint): EndpointView {
  const { id, url, description, disabledReason, succeededAt, failingSince } = endpoint
  const oldestAt = endpoint.queue.oldestAt()
  return {
    ...{ id, url, description, types: [...endpoint.types], collections: [...endpoint.collections] },
    status: endpoint.disabledAt === null ? 'enabled' : 'disabled',
    ...(disabledReason !== null && { disabledReason }),
    createdAt: isoTime(endpoint.createdAt),
    secrets: endpoint.secrets.map(({ createdAt, expiresAt }) => {
      return {
        createdAt: isoTime(createdAt),
        ...(expiresAt !== null && { expiresAt: isoTime(expiresAt) }),
      }
    }),
    waiting: endpoint.queue.count,
    ...(oldestAt !== undefined && { oldestWaitingAt: isoTime(oldestAt) }),
    ...(succeededAt !== null && { lastSuccessAt: isoTime(succeededAt) }),
    ...(failingSince !== null && { failingSince: isoTime(failingSince) }),
  }
}
