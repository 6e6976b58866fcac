/** Every XRPC method this server has, by NSID; subscribeRepos, a WebSocket, is the gateway's own. */
import * as identity from '#src/xrpc/com.atproto.identity.ts'
import * as repo from '#src/xrpc/com.atproto.repo.ts'
import * as server from '#src/xrpc/com.atproto.server.ts'
import * as sync from '#src/xrpc/com.atproto.sync.ts'
import type { Method } from '#src/xrpc/method.ts'

export const methods: ReadonlyMap<string, Method> = new Map(
  [server, identity, repo, sync]
    .flatMap((group): Method[] => Object.values(group))
    .map((method) => [method.nsid, method]),
)
