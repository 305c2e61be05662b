import { missingOutputs, stackOutputs } from "../program";
import { show, type Finding, type Resource, type StackRule } from "../rule";

interface Service {
  taskSpec?: { containerSpec?: { image?: string } };
}

export const pinnedImages: StackRule = {
  name: "pinned-images",
  description:
    "Container images are named with a version or a digest: `latest` is another image every few " +
    "weeks, and then two nodes of one service run different programs.",
  level: "mandatory",
  checkStack: (resources) => [
    ...missingOutputs(resources, "services", "composePlan"),
    ...images(resources)
      .filter(({ image }) => !isPinned(image))
      .map(({ name, image }): Finding => ({
        name,
        message:
          `image ${show(image)} has no fixed version; write one such as nginx:1.28.0-alpine, or ` +
          "a digest (@sha256:...)",
      })),
  ],
};

/** Those of resources, and of what scripts deploy: an autoscaled service, a compose file. */
function images(resources: Resource[]): { name: string; image: string }[] {
  const { services = [], composePlan = [] } = stackOutputs(resources);
  return [
    ...resources.flatMap((one) => imagesOf(one).map((image) => ({ name: one.name, image }))),
    ...[...services, ...composePlan].map(({ name, image }) => ({ name, image })),
  ];
}

function imagesOf({ type, props }: Resource): string[] {
  const image = {
    "docker:index/service:Service": (props as Service).taskSpec?.containerSpec?.image,
    "docker:index/remoteImage:RemoteImage": props.name,
    "docker:index/container:Container": props.image,
  }[type];
  return typeof image === "string" ? [image] : [];
}

/** An image's own ID (`sha256:...`) and a digest are fixed; so is a tag other than `latest`. */
function isPinned(image: string): boolean {
  if (image.startsWith("sha256:") || image.includes("@sha256:")) return true;
  const [, tag] = image.slice(image.lastIndexOf("/") + 1).split(":");
  return tag !== undefined && tag !== "latest";
}
