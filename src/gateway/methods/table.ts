/** All XRPC methods by NSID, except those that are WebSockets. */
import * as delegation from '#src/gateway/methods/_delegation.ts'
import * as actor from '#src/gateway/methods/app.bsky.actor.ts'
import * as feed from '#src/gateway/methods/app.bsky.feed.ts'
import * as notification from '#src/gateway/methods/app.bsky.notification.ts'
import * as admin from '#src/gateway/methods/com.atproto.admin.ts'
import * as identity from '#src/gateway/methods/com.atproto.identity.ts'
import * as moderation from '#src/gateway/methods/com.atproto.moderation.ts'
import * as repo from '#src/gateway/methods/com.atproto.repo.ts'
import * as appPasswords from '#src/gateway/methods/com.atproto.server.app-passwords.ts'
import * as email from '#src/gateway/methods/com.atproto.server.email.ts'
import * as invites from '#src/gateway/methods/com.atproto.server.invites.ts'
import * as lifecycle from '#src/gateway/methods/com.atproto.server.lifecycle.ts'
import * as serviceAuth from '#src/gateway/methods/com.atproto.server.service-auth.ts'
import * as server from '#src/gateway/methods/com.atproto.server.ts'
import * as sync from '#src/gateway/methods/com.atproto.sync.ts'
import * as temp from '#src/gateway/methods/com.atproto.temp.ts'
import * as archives from '#src/gateway/methods/dev.headwater.admin.archives.ts'
import * as cases from '#src/gateway/methods/dev.headwater.admin.cases.ts'
import * as hostname from '#src/gateway/methods/dev.headwater.admin.hostname.ts'
import * as moveInvites from '#src/gateway/methods/dev.headwater.admin.moves.ts'
import * as tenantAdmin from '#src/gateway/methods/dev.headwater.admin.ts'
import * as ownArchives from '#src/gateway/methods/dev.headwater.archive.ts'
import * as groupCreating from '#src/gateway/methods/dev.headwater.group.creating.ts'
import * as groupJoining from '#src/gateway/methods/dev.headwater.group.joining.ts'
import * as groupRoles from '#src/gateway/methods/dev.headwater.group.roles.ts'
import * as groupSigningIn from '#src/gateway/methods/dev.headwater.group.signing-in.ts'
import * as group from '#src/gateway/methods/dev.headwater.group.ts'
import * as history from '#src/gateway/methods/dev.headwater.history.ts'
import * as tenantAccess from '#src/gateway/methods/dev.headwater.tenant.access.ts'
import * as tenantAccounts from '#src/gateway/methods/dev.headwater.tenant.accounts.ts'
import * as tenantCases from '#src/gateway/methods/dev.headwater.tenant.cases.ts'
import * as tenantClaims from '#src/gateway/methods/dev.headwater.tenant.claims.ts'
import * as tenantDomains from '#src/gateway/methods/dev.headwater.tenant.domains.ts'
import * as tenantInvites from '#src/gateway/methods/dev.headwater.tenant.invites.ts'
import * as tenantJobs from '#src/gateway/methods/dev.headwater.tenant.jobs.ts'
import * as tenantProvisioning from '#src/gateway/methods/dev.headwater.tenant.provisioning.ts'
import * as tenant from '#src/gateway/methods/dev.headwater.tenant.ts'
import * as webhook from '#src/gateway/methods/dev.headwater.webhook.ts'
import * as jetstream from '#src/gateway/methods/network.bsky.jetstream.ts'
import type { Method } from '#src/gateway/xrpc/method.ts'

export const methods: ReadonlyMap<string, Method> = new Map(
  [
    server,
    lifecycle,
    appPasswords,
    email,
    invites,
    temp,
    admin,
    moderation,
    identity,
    repo,
    sync,
    serviceAuth,
    actor,
    feed,
    notification,
    group,
    groupCreating,
    groupRoles,
    groupJoining,
    groupSigningIn,
    history,
    ownArchives,
    archives,
    delegation,
    tenantAdmin,
    cases,
    moveInvites,
    hostname,
    tenant,
    tenantAccess,
    tenantAccounts,
    tenantDomains,
    tenantInvites,
    tenantProvisioning,
    tenantJobs,
    tenantClaims,
    tenantCases,
    webhook,
    jetstream,
  ]
    .flatMap((group): Method[] => Object.values(group))
    .map((method) => [method.nsid, method]),
)

const { getProfile, getProfiles } = actor
const appViewMethods = [
  getProfile,
  getProfiles,
  ...Object.values(feed),
  ...Object.values(notification),
]

/** If no AppView is configured, its methods get no read-after-write: they are proxied like any unknown method. */
export const methodsWithoutAppView: ReadonlyMap<string, Method> = new Map(
  [...methods].filter(([, method]) => !appViewMethods.includes(method)),
)
