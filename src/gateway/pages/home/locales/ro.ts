/** The texts of the landing page, the status and the pages beside them in Romanian. */
import type { HomeTexts } from '#src/gateway/pages/home/locales/en.ts'

export const ro: HomeTexts = {
  signIn: 'Conectare',
  yourAccount: 'Contul tău',
  signUp: 'Creează cont',
  moveHere: 'Mută un cont aici',
  byInvite: 'Pentru a crea un cont ai nevoie de un cod de invitație.',
  about:
    'Un cont de aici funcționează în toate aplicațiile AT Protocol. Ce publici și pe cine urmărești îți aparține: te poți muta oricând pe alt server.',
  handles: 'Numele tău aici',
  handlesHelp: 'Așa se numesc conturile de pe acest server. Poți folosi și un domeniu propriu.',
  you: 'tu',
  contact: 'Contact',
  status: 'Stare',
  home: 'Acasă',
  works: 'Totul funcționează',
  fails: 'Ceva nu funcționează',
  failsHelp:
    'Dacă acest server este supravegheat, operatorul a fost anunțat. Încearcă din nou peste câteva minute.',
  worksPart: 'Funcționează',
  failsPart: 'Nu funcționează',
  signingIn: 'Conectare',
  writing: 'Postări și alte modificări',
  files: 'Imagini și fișiere',
  network: 'Livrare către aplicații',
  accountHere: 'are un cont pe acest server.',
  did: 'Identificator permanent (DID)',
  openProfile: 'Deschide profilul în Bluesky',
  isYou: 'Ești tu?',
  noAccount: 'Niciun cont nu are acest nume',
  noAccountHelp: 'Nu există contul {handle} pe acest server.',
  notFound: 'Pagina nu a fost găsită',
  notFoundHelp: 'La această adresă nu este nimic. Linkul poate fi vechi sau greșit.',
  broken: 'Ceva nu a mers bine',
  brokenHelp: 'Pagina nu a putut fi afișată. Încearcă din nou imediat.',
}
