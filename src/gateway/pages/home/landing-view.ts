/** The landing page: the operator's description of the server, and links to sign in and sign up. */
import { html } from 'hono/html'
import { serverName } from '#src/gateway/pages/brand.ts'
import type { HomeContext } from '#src/gateway/pages/home/texts.ts'
import type { Html, Page } from '#src/gateway/pages/shell.ts'

export interface Landing {
  publicUrl: string
  /** Each with its leading dot. */
  domains: readonly string[]
  inviteRequired: boolean
  contactEmail: string | undefined
  /** Whether the browser has the cookie of an account. */
  isSignedIn: boolean
}

const MAX_DOMAINS = 8

export function landingView(context: HomeContext, landing: Landing): Page {
  const { texts, branding } = context
  const { domains, inviteRequired, isSignedIn } = landing
  const name = serverName(branding)
  const paragraphs = (branding.description ?? '').split(/\n\s*\n/).filter(Boolean)
  const words = paragraphs.map((text) => html`<p class="lead">${text}</p>`)
  const account = isSignedIn
    ? html`<a class="button" href="/account">${texts.text('yourAccount')}</a>`
    : html`<a class="button" href="/account">${texts.text('signIn')}</a>
<a class="button quiet" href="/account/sign-up">${texts.text('signUp')}</a>
<a class="button quiet" href="/move">${texts.text('moveHere')}</a>`
  const invite =
    inviteRequired && !isSignedIn ? html`<p class="muted">${texts.text('byInvite')}</p>` : ''
  const body = html`${words}
<p class="${paragraphs.length === 0 ? 'lead' : 'muted'}">${texts.text('about')}</p>
<div class="actions">${account}</div>
${invite}
${names(context, domains)}
${linksOf(context, landing)}`
  return { title: { text: name }, body, layout: 'landing', head: preview(context, landing) }
}

function names({ texts }: HomeContext, domains: readonly string[]): Html | '' {
  if (domains.length === 0) return ''
  const shown = domains.slice(0, MAX_DOMAINS)
  return html`<section aria-label="${texts.text('handles')}"><h2>${texts.text('handles')}</h2>
<p class="muted">${texts.text('handlesHelp')}</p>
<ul class="names">${shown.map((domain) => html`<li><span>@${texts.text('you')}</span>${domain}</li>`)}</ul></section>`
}

function linksOf({ texts }: HomeContext, { contactEmail }: Landing): Html {
  const contact =
    contactEmail === undefined
      ? ''
      : html`<a href="mailto:${contactEmail}">${texts.text('contact')}</a>`
  return html`<p class="links"><a href="/status">${texts.text('status')}</a>${contact}</p>`
}

/** What other sites show of a link to this one. */
function preview({ branding, texts }: HomeContext, { publicUrl }: Landing): Html {
  const description = (branding.description ?? texts.text('about')).slice(0, 300)
  const { logo } = branding
  const picture = logo?.startsWith('https://')
    ? html`<meta property="og:image" content="${logo}">`
    : ''
  return html`<meta name="description" content="${description}">
<meta property="og:type" content="website">
<meta property="og:url" content="${publicUrl}/">
<meta property="og:title" content="${serverName(branding)}">
<meta property="og:description" content="${description}">
<meta name="twitter:card" content="summary">${picture}`
}
