import type { RoleRow } from "./basic-roles.ts";

const look = "resourcemanager.folders|projects.get|list";
const bound = "createTagBinding|deleteTagBinding|listEffectiveTags|listTagBindings";

/** Google's roles of Resource Manager. */
export const resourceRoles: Readonly<Record<string, RoleRow>> = {
  "resourcemanager.folderAdmin": {
    title: "Folder Admin",
    holds: [
      "resourcemanager.folders.*",
      `resourcemanager.hierarchyNodes.${bound}`,
      "resourcemanager.projects.get|getIamPolicy|list|move|setIamPolicy",
    ],
  },
  "resourcemanager.folderCreator": { title: "Folder Creator", holds: [look, "resourcemanager.folders.create"] },
  "resourcemanager.folderEditor": {
    title: "Folder Editor",
    holds: [look, "resourcemanager.folders.delete|getIamPolicy|undelete|update"],
  },
  "resourcemanager.folderIamAdmin": {
    title: "Folder IAM Admin",
    holds: ["resourcemanager.folders.get|getIamPolicy|setIamPolicy"],
  },
  "resourcemanager.folderMover": { title: "Folder Mover", holds: ["resourcemanager.folders|projects.move"] },
  "resourcemanager.folderViewer": { title: "Folder Viewer", holds: [look] },
  "resourcemanager.lienModifier": { title: "Project Lien Modifier", holds: ["resourcemanager.projects.updateLiens"] },
  "resourcemanager.organizationAdmin": {
    title: "Organization Administrator",
    holds: [
      look,
      "resourcemanager.folders|projects.getIamPolicy|setIamPolicy",
      "resourcemanager.organizations.get|getIamPolicy|setIamPolicy",
    ],
  },
  "resourcemanager.organizationViewer": { title: "Organization Viewer", holds: ["resourcemanager.organizations.get"] },
  "resourcemanager.projectCreator": {
    title: "Project Creator",
    holds: ["resourcemanager.organizations.get", "resourcemanager.projects.create"],
  },
  "resourcemanager.projectDeleter": { title: "Project Deleter", holds: ["resourcemanager.projects.delete"] },
  "resourcemanager.projectIamAdmin": {
    title: "Project IAM Admin",
    holds: ["resourcemanager.projects.get|getIamPolicy|setIamPolicy"],
  },
  "resourcemanager.projectMover": { title: "Project Mover", holds: ["resourcemanager.projects.get|move|update"] },
  "resourcemanager.tagAdmin": {
    title: "Tag Administrator",
    holds: ["resourcemanager.tagHolds|tagKeys|tagValues.*"],
  },
  "resourcemanager.tagHoldAdmin": { title: "Tag Hold Administrator", holds: ["resourcemanager.tagHolds.*"] },
  "resourcemanager.tagUser": {
    title: "Tag User",
    holds: [
      `*.*.${bound}`,
      "resourcemanager.projects.get",
      "resourcemanager.tagKeys|tagValues.get|list",
      "resourcemanager.tagValueBindings.create|delete",
    ],
  },
  "resourcemanager.tagViewer": {
    title: "Tag Viewer",
    holds: [
      "*.*.listEffectiveTags|listTagBindings",
      "resourcemanager.tagHolds.list",
      "resourcemanager.tagKeys|tagValues.get|list",
    ],
  },
};
