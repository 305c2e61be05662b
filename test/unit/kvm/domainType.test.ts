import { kvmProblem } from "../../../stacks/kvm";

const HERE = "qemu:///system";

test.each([
  ["the hardware, where it can", "kvm", HERE, true],
  ["emulation anywhere", "qemu", HERE, false],
  ["another host's hardware", "kvm", "qemu+ssh://root@kvm1/system", false],
] as const)("%s is taken", (_, domainType, libvirtUri, hasKvm) => {
  expect(kvmProblem({ domainType, libvirtUri }, hasKvm)).toBeUndefined();
});

test("the hardware where there is none is refused, with what to write", () => {
  expect(kvmProblem({ domainType: "kvm", libvirtUri: HERE }, false)).toMatch(
    /^domainType: "kvm" does not work on this machine, .*write qemu/,
  );
});
