/** The texts of the pages on moving a group that are not those of an account, in French. */
import type { GroupMoveTexts } from '#src/gateway/pages/move/group/locales/en.ts'

export const fr: GroupMoveTexts = {
  moveAwayHelp:
    "Le groupe garde ses abonnés, publications et images. Il est d'abord copié, sans que personne ne le remarque. Il ne déménage que lorsque vous le confirmez avec un code.",
  accountAt: 'Le groupe sur {server}',
  bringBackHelp:
    'Le groupe est maintenant sur {server}. Ses données sont recopiées ici, avec ses membres et ses rôles.',
  missingHelp:
    "L'ancien serveur ne les a plus, ou le nouveau ne les accepte pas. Si vous continuez, les publications du groupe restent sans ces fichiers.",
  confirmHelp:
    "Tout est copié. Pour déplacer l'identité du groupe, saisissez le code que {server} envoie par e-mail. Le groupe sera alors actif sur le nouveau serveur et désactivé sur l'ancien.",
  codeSent: '{server} a envoyé le code par e-mail.',
  cancelIn: "Sur l'ancien serveur, rien n'a changé. Ici, le groupe reste désactivé.",
  doneIn: 'Le groupe est maintenant sur ce serveur',
  doneInHelp:
    "Les membres, les rôles et le journal sont comme avant. Sur {server}, le groupe est désactivé ; vous pouvez l'y supprimer.",
  doneOut: 'Le groupe est maintenant sur {server}',
  doneOutHelp:
    'Connectez-vous là-bas avec le mot de passe que vous avez choisi. Ici, le groupe est désactivé et personne ne peut écrire. Les membres, les rôles et le journal restent, au cas où il reviendrait.',
}
