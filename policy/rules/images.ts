import { composeServices } from "../../plan/compose";
import { variable } from "../program";
import { show, type Resource, type ResourceRule } from "../rule";

interface Service {
  taskSpec?: { containerSpec?: { image?: string } };
}

export const pinnedImages: ResourceRule = {
  name: "pinned-images",
  description:
    "Container images are named with a version or a digest: `latest` is another image every few " +
    "weeks, and then two nodes of one service run different programs.",
  level: "mandatory",
  check: (resource) =>
    images(resource)
      .filter((image) => !isPinned(image))
      .map(
        (image) =>
          `image ${show(image)} has no fixed version; write one such as nginx:1.28.0-alpine, or ` +
          "a digest (@sha256:...)",
      ),
};

function images(resource: Resource): string[] {
  const { type, props } = resource;
  const compose = variable(resource, "COMPOSE");
  if (compose !== undefined) return composeServices(compose).map(({ image }) => image);
  // What the script gives an autoscaled service, whose own inputs keep the image it was made with.
  const task = variable(resource, "TASK");
  if (task !== undefined) return [JSON.parse(task).ContainerSpec.Image];
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
