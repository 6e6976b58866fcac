/** The texts of the landing page, the status and the pages beside them in French. */
import type { HomeTexts } from '#src/gateway/pages/home/locales/en.ts'

export const fr: HomeTexts = {
  signIn: 'Se connecter',
  yourAccount: 'Votre compte',
  signUp: 'Créer un compte',
  moveHere: 'Déménager un compte ici',
  byInvite: "Pour créer un compte, il faut un code d'invitation.",
  about:
    "Un compte ici fonctionne dans toutes les applications de l'AT Protocol. Vos publications et vos abonnements vous appartiennent : vous pouvez changer de serveur à tout moment.",
  handles: 'Votre nom ici',
  handlesHelp:
    'Les comptes de ce serveur portent ce genre de nom. Vous pouvez aussi utiliser votre propre domaine.',
  you: 'vous',
  contact: 'Contact',
  status: 'État',
  home: 'Accueil',
  works: 'Tout fonctionne',
  fails: 'Quelque chose ne fonctionne pas',
  failsHelp:
    "L'exploitant a été prévenu si ce serveur est surveillé. Réessayez dans quelques minutes.",
  worksPart: 'Fonctionne',
  failsPart: 'Ne fonctionne pas',
  signingIn: 'Connexion',
  writing: 'Publications et autres modifications',
  files: 'Images et fichiers',
  network: 'Livraison aux applications',
  accountHere: 'a un compte sur ce serveur.',
  did: 'Identifiant permanent (DID)',
  openProfile: 'Ouvrir le profil dans Bluesky',
  isYou: 'Est-ce vous ?',
  noAccount: 'Aucun compte ne porte ce nom',
  noAccountHelp: "Il n'y a pas de compte {handle} sur ce serveur.",
  notFound: 'Page introuvable',
  notFoundHelp: "Il n'y a rien à cette adresse. Le lien est peut-être ancien ou mal saisi.",
  broken: "Une erreur s'est produite",
  brokenHelp: "La page n'a pas pu être affichée. Réessayez dans un instant.",
}
