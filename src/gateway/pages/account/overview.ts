/** The first section: the identity of the account, and a security check. */
import { html } from 'hono/html'
import type { FactorOverview } from '#src/account/factors/overview.ts'
import { pictureOf } from '#src/gateway/pages/account/picture.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import type { AccountKey } from '#src/gateway/pages/account/texts.ts'
import { badge, card, facts, stat, stats } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import { actionForm } from '#src/gateway/pages/form-blocks.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

export const overviewSection: Section = {
  path: '',
  title: 'overview',
  async show(visit) {
    const { account, did, texts, context } = visit
    const [described, factors, grants, sessions, { groups }, { bytes }] = await Promise.all([
      account.oauth.describe(),
      account.factors.overview(),
      account.oauth.listGrants(),
      account.session.list(),
      context.server.dispatch.directory.memberships.list({ member: did, limit: 100 }),
      account.blob.usage(),
    ])
    const shown = described?.account
    const isPaused = shown?.status === 'deactivated'
    const figures = [
      figure('/account/apps', texts.text('connectedApps'), grants.length),
      figure('/account/apps#sessions', texts.text('sessions'), sessions.length),
      figure('/account/groups', texts.text('groups'), groups.length),
    ]
    return html`${isPaused ? paused(visit) : ''}
${identity(visit, { displayName: shown?.displayName, avatar: shown?.avatar, isPaused, bytes })}
${safety(visit, factors, shown?.emailConfirmed === true)}
${stats(figures)}`
  },
  forms: {
    resume: async ({ context: { server }, did }) => {
      await server.activateAccount(did)
      server.movedAccounts.forget(did)
      return undefined
    },
  },
}

function figure(href: string, label: string, value: number): Html {
  return stat(label, html`<a href="${href}">${value}</a>`)
}

function paused({ session, texts }: Visit): Html {
  const form = actionForm(session, {
    ...{ action: '/account/resume', label: texts.text('resume'), kind: 'primary' },
  })
  return html`<div class="note warn"><p>${texts.text('pausedHelp')}</p>${form}</div>`
}

function identity(
  { did, name, texts, context }: Visit,
  shown: {
    displayName: string | undefined
    avatar: unknown
    isPaused: boolean
    /** Of its files. */
    bytes: number
  },
): Html {
  const { displayName = name, avatar, isPaused, bytes } = shown
  const storage = html`<a href="/account/data">${byteText(texts.language, bytes)}</a>`
  const state = isPaused ? badge(texts.text('paused'), 'warn') : badge(texts.text('active'), 'good')
  return html`<section class="person" aria-label="${displayName}">
<div class="who">${pictureOf(did, avatar, displayName)}<div><h2>${displayName}</h2><p class="muted">@${name}</p></div>${state}</div>
${facts([
  [texts.text('did'), html`<code>${did}</code>`],
  [texts.text('server'), context.server.service.publicUrl],
  [texts.text('storageUsed'), storage],
])}</section>`
}

interface Check {
  isOn: boolean
  what: AccountKey
  why: AccountKey
  href: string
}

function safety({ texts }: Visit, factors: FactorOverview, isConfirmed: boolean): Html {
  const { passkeys, totp, emailCodes, recoveryCodesLeft } = factors
  const hasFactor = passkeys.length > 0 || totp !== null || emailCodes !== null
  const rows: Check[] = [
    {
      isOn: isConfirmed,
      what: isConfirmed ? 'emailConfirmed' : 'emailMissing',
      why: 'emailWhy',
      href: '/account/email',
    },
    { isOn: hasFactor, what: 'secondStep', why: 'secondStepWhy', href: '/account/security' },
  ]
  // Recovery codes only replace a second step.
  if (hasFactor) {
    const href = '/account/security#recovery'
    const isOn = recoveryCodesLeft > 0
    rows.push({ isOn, what: 'recoveryCodes', why: 'recoveryWhy', href })
  }
  const missing = rows.filter(({ isOn }) => !isOn).length
  const list = rows.map(({ isOn, what, why, href }) => {
    const state = isOn ? badge(texts.text('on'), 'good') : badge(texts.text('missing'), 'warn')
    const reason = isOn ? '' : html`<small>${texts.text(why)}</small>`
    return html`<li class="row"><div><a href="${href}">${texts.text(what)}</a>${reason}</div>${state}</li>`
  })
  const help = missing === 0 ? { help: texts.text('allGood') } : {}
  return card(texts.text('check'), html`<ul>${list}</ul>`, help)
}
